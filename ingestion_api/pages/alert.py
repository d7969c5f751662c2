"""One alert, and whether somebody takes care of it."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from ingestion_api.alerts.acknowledge import acknowledge, one, take_back
from ingestion_api.notes import MAX_NOTE_LENGTH
from ingestion_api.pages.alerts import leads
from ingestion_api.pages.route import PageRoute
from ingestion_api.pages.sign_in import local
from ingestion_api.pages.templates import page
from ingestion_api.pages.visitor import Operator, own_form
from ingestion_api.service import current_service
from ingestion_api.store.tables.base import MAX_ID

router = APIRouter(route_class=PageRoute, include_in_schema=False)
AlertId = Annotated[int, Path(ge=1, le=MAX_ID)]
Back = Annotated[str, Form(max_length=4096)]


@router.get("/alerts/{alert_id}")
def show(request: Request, _: Operator, alert_id: AlertId) -> Response:
    """Show the alert with all that it says."""
    with current_service(request).store.read() as session:
        alert = one(session, alert_id)
    return page(request, "alert.html", alert=alert, leads=leads(alert), here=f"/alerts/{alert_id}")


@router.post("/alerts/{alert_id}/acknowledge", dependencies=[own_form])
def take(
    request: Request,
    actor: Operator,
    alert_id: AlertId,
    note: Annotated[str, Form(max_length=MAX_NOTE_LENGTH)] = "",
    back: Back = "/alerts",
) -> Response:
    """Acknowledge it and go back to where the button was."""
    acknowledge(current_service(request), alert_id, note, actor)
    return RedirectResponse(_told(back, "acknowledged"), 303)


@router.post("/alerts/{alert_id}/take-back", dependencies=[own_form])
def give_up(request: Request, actor: Operator, alert_id: AlertId, back: Back = "/alerts") -> Response:
    """Let it be unacknowledged, and go back to where the button was."""
    take_back(current_service(request), alert_id, actor)
    return RedirectResponse(_told(back, "taken-back"), 303)


def _told(back: str, notice: str) -> str:
    address = local(back)
    return f"{address}{'&' if '?' in address else '?'}notice={notice}"
