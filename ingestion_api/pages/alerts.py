"""The alerts that Alertmanager reported, and one alert with its acknowledgement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from ingestion_api.alerts.acknowledge import (
    acknowledge,
    close_alert,
    get_alert,
    withdraw_acknowledgement,
)
from ingestion_api.alerts.queries import AlertFilter, count_alerts, gravest_firing, latest_ended
from ingestion_api.fields import MAX_NOTE_LENGTH
from ingestion_api.pages.csrf import verify_csrf
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.session import Operator
from ingestion_api.pages.sign_in import local_path
from ingestion_api.pages.templates import render_page
from ingestion_api.service import current_service
from ingestion_api.store.tables import Alert
from ingestion_api.store.tables.base import MAX_ID

router = APIRouter(route_class=PageRoute, include_in_schema=False)
State = Literal["firing", "resolved", ""]
MAX_SHOWN = 100  # in each of the two lists
_LINKS = {"Dashboard": "dashboard_url", "Runbook": "runbook_url"}
_NOT_LABELS = ("state", "notice")
AlertId = Annotated[int, Path(ge=1, le=MAX_ID)]
Back = Annotated[str, Form(max_length=4096)]


@dataclass(frozen=True)
class AlertPage:
    """Alerts in the order of the page, the first of each list, and how many there are in all."""

    firing: Sequence[Alert]
    ended: Sequence[Alert]
    firing_count: int
    ended_count: int

    @property
    def cut(self) -> bool:
        """Whether there are more than are shown."""
        return len(self.firing) < self.firing_count or len(self.ended) < self.ended_count


@router.get("/alerts")
def show_alerts(request: Request, _: Operator, state: State = "") -> Response:
    """Show the alerts that carry every label which the address names."""
    labels = _label_filters(request)
    with current_service(request).store.read() as session:
        found = _alert_page(session, state, labels)
    return render_page(
        request,
        "alerts.html",
        found=found,
        state=state,
        labels=labels,
        here=_filter_url(state, labels),
        links=alert_links,
    )


def _label_filters(request: Request) -> dict[str, list[str]]:
    labels: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if value and name not in _NOT_LABELS:
            labels.setdefault(name, []).append(value)
    return labels


def _filter_url(state: State, labels: Mapping[str, Sequence[str]]) -> str:
    query = urlencode({**labels, **({"state": state} if state else {})}, doseq=True)
    return f"/alerts?{query}" if query else "/alerts"


def _alert_page(session: Session, state: State, labels: Mapping[str, Sequence[str]]) -> AlertPage:
    wanted = AlertFilter(labels=labels)
    firing = gravest_firing(session, wanted, MAX_SHOWN) if state != "resolved" else ()
    ended = latest_ended(session, wanted, MAX_SHOWN) if state != "firing" else ()
    # a list that is not full holds all
    return AlertPage(
        firing,
        ended,
        count_alerts(session, wanted, "firing") if len(firing) == MAX_SHOWN else len(firing),
        count_alerts(session, wanted, "resolved") if len(ended) == MAX_SHOWN else len(ended),
    )


def alert_links(alert: Alert) -> dict[str, str]:
    """Where an alert leads: the addresses that it gives, where they are of the web."""
    written = {name: str(alert.annotations.get(key, "")) for name, key in _LINKS.items()}
    return {name: address for name, address in written.items() if _is_http_url(address)}


def _is_http_url(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


@router.get("/alerts/{alert_id}")
def show_alert(request: Request, _: Operator, alert_id: AlertId) -> Response:
    """Show the alert with all that it says."""
    with current_service(request).store.read() as session:
        alert = get_alert(session, alert_id)
    return render_page(
        request, "alert.html", alert=alert, leads=alert_links(alert), here=f"/alerts/{alert_id}"
    )


@router.post("/alerts/{alert_id}/acknowledge", dependencies=[verify_csrf])
def acknowledge_alert(
    request: Request,
    actor: Operator,
    alert_id: AlertId,
    note: Annotated[str, Form(max_length=MAX_NOTE_LENGTH)] = "",
    back: Back = "/alerts",
) -> Response:
    """Acknowledge it and go back to where the button was."""
    acknowledge(current_service(request), alert_id, note, actor)
    return RedirectResponse(_with_notice(back, "acknowledged"), 303)


@router.post("/alerts/{alert_id}/take-back", dependencies=[verify_csrf])
def withdraw(request: Request, actor: Operator, alert_id: AlertId, back: Back = "/alerts") -> Response:
    """Let it be unacknowledged, and go back to where the button was."""
    withdraw_acknowledgement(current_service(request), alert_id, actor)
    return RedirectResponse(_with_notice(back, "taken-back"), 303)


@router.post("/alerts/{alert_id}/close", dependencies=[verify_csrf])
def close(
    request: Request,
    actor: Operator,
    alert_id: AlertId,
    reason: Annotated[str, Form(max_length=MAX_NOTE_LENGTH)] = "",
    back: Back = "/alerts",
) -> Response:
    """End it by hand, and go back to where the button was."""
    close_alert(current_service(request), alert_id, reason, actor)
    return RedirectResponse(_with_notice(back, "closed"), 303)


def _with_notice(back: str, notice: str) -> str:
    address = local_path(back)
    return f"{address}{'&' if '?' in address else '?'}notice={notice}"
