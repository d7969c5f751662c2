"""One alert, and whether somebody takes care of it."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from ingestion_api.alerts.acknowledge import acknowledge, get_alert, withdraw_acknowledgement
from ingestion_api.fields import MAX_NOTE_LENGTH
from ingestion_api.pages.alerts import alert_links
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.sign_in import local_path
from ingestion_api.pages.templates import render_page
from ingestion_api.pages.visitor import Operator, verify_csrf
from ingestion_api.service import current_service
from ingestion_api.store.tables.base import MAX_ID

router = APIRouter(route_class=PageRoute, include_in_schema=False)
AlertId = Annotated[int, Path(ge=1, le=MAX_ID)]
Back = Annotated[str, Form(max_length=4096)]


@router.get("/alerts/{alert_id}")
def show(request: Request, _: Operator, alert_id: AlertId) -> Response:
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


def _with_notice(back: str, notice: str) -> str:
    address = local_path(back)
    return f"{address}{'&' if '?' in address else '?'}notice={notice}"
