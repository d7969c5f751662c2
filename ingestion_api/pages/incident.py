"""The page of an incident: what, since when, how grave, how sure, its value over time and what happened."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from ingestion_api.alerts.incident import IncidentRecord, find_incident, firing_named, read_incident
from ingestion_api.alerts.signal_timeline import Subject
from ingestion_api.alerts.timeline_reader import shown_span
from ingestion_api.errors import NotFound, Unavailable
from ingestion_api.pages.alerts import AlertId, alert_links
from ingestion_api.pages.incident_chart import IncidentChart, make_chart
from ingestion_api.pages.incident_words import (
    certainty,
    dashboard_at,
    plain_text,
    span_sentence,
    timeline,
)
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.session import Viewer
from ingestion_api.pages.templates import render_page
from ingestion_api.service import Service, current_service
from ingestion_api.signals import Signal
from ingestion_api.store.tables import Alert

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Fingerprint = Annotated[str, Path(pattern=r"^[0-9a-f]{1,64}$")]
UnixSeconds = Annotated[int | None, Query(ge=0, le=253_402_300_799)]


@router.get("/incidents/{fingerprint}")
def find(request: Request, _: Viewer, fingerprint: Fingerprint, start: UnixSeconds = None) -> Response:
    """Lead from a message, which knows fingerprint and start alone, to the page of the incident."""
    begun = datetime.fromtimestamp(start, UTC) if start is not None else None
    with current_service(request).store.read() as session:
        alert = find_incident(session, fingerprint, begun)
    if alert is None:
        raise NotFound("No incident of this alert is known yet; a notice may be on its way, so try again.")
    return RedirectResponse(f"/alerts/{alert.id}", 303)


@router.get("/incidents")
def find_firing(request: Request, _: Viewer, alertname: Annotated[str, Query(max_length=255)]) -> Response:
    """Lead from a dashboard, which knows an alert's name, to its page, where one alone fires."""
    with current_service(request).store.read() as session:
        firing = firing_named(session, alertname)
    if len(firing) == 1:
        return RedirectResponse(f"/alerts/{firing[0]}", 303)
    return RedirectResponse(f"/alerts?{urlencode({'alertname': alertname})}", 303)


@router.get("/alerts/{alert_id}")
def show_incident(request: Request, _: Viewer, alert_id: AlertId) -> Response:
    """Show the incident; its values are left out where Prometheus is away."""
    service = current_service(request)
    now = service.clock()
    with service.store.read() as session:
        incident = read_incident(session, alert_id, now)
    alert = incident.alert
    signal = service.signals.known().signals.get(alert.signal)
    # the live region, which is asked for every few seconds, has no drawing
    is_live = bool(request.headers.get("hx-request"))
    chart, problem = (None, "") if is_live else _chart(service, incident, signal, now)
    links = _links(alert)
    address = f"{(service.settings.public_url or str(request.base_url)).rstrip('/')}/alerts/{alert_id}"
    return render_page(
        request,
        "alert.html",
        incident=incident,
        alert=alert,
        leads=links,
        here=f"/alerts/{alert_id}",
        span=span_sentence(alert, now),
        sure=certainty(alert, signal),
        entries=timeline(incident),
        chart=chart,
        chart_problem=problem,
        text=plain_text(alert, signal, links, address, now),
    )


def _links(alert: Alert) -> dict[str, str]:
    """Where it leads; the dashboard at the time of the incident."""
    found = alert_links(alert)
    if dashboard := found.get("Dashboard"):
        found["Dashboard"] = dashboard_at(dashboard, alert)
    return found


def _chart(
    service: Service, incident: IncidentRecord, signal: Signal | None, now: datetime
) -> tuple[IncidentChart | None, str]:
    """The drawing, or in one sentence why there is none."""
    alert = incident.alert
    if signal is None:
        return None, "This alert has no signal whose values are recorded."
    if service.timelines is None:
        return None, "The values are not known: SERVICE_PROMETHEUS_URL is not set."
    if alert.starts_at > now:
        return None, "Its start lies in the future."
    span = shown_span(alert.starts_at, alert.ends_at, now)
    try:
        recorded = service.timelines.read(Subject(alert.signal, signal, alert.labels), *span)
    except Unavailable as error:
        return None, f"The values cannot be shown: {error.detail}"
    chart = make_chart(alert, signal, recorded, span)
    return chart, "" if chart else "Prometheus has recorded no value of this time."
