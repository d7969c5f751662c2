"""The alerts that Alertmanager told of: those that fire, then those that ended last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from ingestion_api.alerts.store import list_alerts
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.templates import render_page
from ingestion_api.pages.visitor import Operator
from ingestion_api.service import current_service
from ingestion_api.store.tables import Alert

router = APIRouter(route_class=PageRoute, include_in_schema=False)
State = Literal["firing", "resolved", ""]
MAX_SCANNED = 500
MAX_RESOLVED = 100
_SEVERITIES = ("critical", "warning", "info")
_LINKS = {"Dashboard": "dashboard_url", "Runbook": "runbook_url"}
_NOT_LABELS = ("state", "notice")


@dataclass(frozen=True)
class AlertPage:
    """Alerts in the order of the page; `cut` tells that older ones were not looked at or not shown."""

    firing: Sequence[Alert]
    ended: Sequence[Alert]
    cut: bool


@router.get("/alerts")
def show(request: Request, _: Operator, state: State = "") -> Response:
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
    firing = () if state == "resolved" else list_alerts(session, MAX_SCANNED, "firing", None, None)
    ended = () if state == "firing" else list_alerts(session, MAX_SCANNED, "resolved", None, None)
    those_ended = sorted(
        _filter_by_labels(labels, ended), key=lambda alert: alert.ends_at or alert.starts_at
    )[::-1]
    cut = MAX_SCANNED in (len(firing), len(ended)) or len(those_ended) > MAX_RESOLVED
    return AlertPage(
        sorted(_filter_by_labels(labels, firing), key=_sort_key), those_ended[:MAX_RESOLVED], cut
    )


def _filter_by_labels(labels: Mapping[str, Sequence[str]], alerts: Iterable[Alert]) -> list[Alert]:
    return [
        alert for alert in alerts if all(alert.labels.get(name) in values for name, values in labels.items())
    ]


def _sort_key(alert: Alert) -> tuple[bool, int, float]:
    known = alert.severity in _SEVERITIES
    rank = _SEVERITIES.index(alert.severity) if known else len(_SEVERITIES)
    # what nobody takes care of comes first
    return alert.acknowledged_at is not None, rank, -alert.starts_at.timestamp()


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
