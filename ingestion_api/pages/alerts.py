"""One alert, with its acknowledgement and its closing."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from ingestion_api.alerts.acknowledge import (
    acknowledge,
    close_alert,
    withdraw_acknowledgement,
)
from ingestion_api.fields import MAX_NOTE_LENGTH
from ingestion_api.pages.csrf import verify_csrf
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.session import Operator
from ingestion_api.pages.sign_in import local_path
from ingestion_api.service import current_service
from ingestion_api.store.tables import Alert
from ingestion_api.store.tables.base import MAX_ID

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_LINKS = {"Dashboard": "dashboard_url", "Runbook": "runbook_url"}
AlertId = Annotated[int, Path(ge=1, le=MAX_ID)]
Back = Annotated[str, Form(max_length=4096)]


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


class AcknowledgeForm(BaseModel):
    """What an operator enters; `back` is the page of the button."""

    note: str = Field(default="", max_length=MAX_NOTE_LENGTH)
    silence: bool = False
    back: str = Field(default="/alerts", max_length=4096)


@router.post("/alerts/{alert_id}/acknowledge", dependencies=[verify_csrf])
def acknowledge_alert(
    request: Request, actor: Operator, alert_id: AlertId, form: Annotated[AcknowledgeForm, Form()]
) -> Response:
    """Acknowledge it and go back to where the button was."""
    acknowledge(current_service(request), alert_id, form.note, actor, silence=form.silence)
    return RedirectResponse(_with_notice(form.back, "acknowledged"), 303)


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
