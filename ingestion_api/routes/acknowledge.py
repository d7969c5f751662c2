"""Say that somebody takes care of an alert, and take that back."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Request
from pydantic import BaseModel, ConfigDict

from ingestion_api.access.bearer import Operator
from ingestion_api.alerts.acknowledge import acknowledge, withdraw_acknowledgement
from ingestion_api.fields import Note
from ingestion_api.routes.alerts import AlertOut
from ingestion_api.routes.responses import error_responses
from ingestion_api.service import current_service
from ingestion_api.store.tables.base import MAX_ID

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])
AlertId = Annotated[int, Path(ge=1, le=MAX_ID, examples=[5])]


class AcknowledgeRequest(BaseModel):
    """What is being done about it, for the others."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "Starting a second worker."}]}
    )

    note: Note = ""


EMPTY_REQUEST = AcknowledgeRequest()


@router.post(
    "/{alert_id}/acknowledge",
    responses=error_responses(400, 401, 404, 409, 413, 422, 429, 503),
    summary="Acknowledge an alert",
)
def post(
    request: Request,
    alert_id: AlertId,
    actor: Operator,
    wanted: Annotated[AcknowledgeRequest, Body()] = EMPTY_REQUEST,
) -> AlertOut:
    """Take care of an alert until it ends; when it fires again it is another. 409 when it is over."""
    return AlertOut.of(acknowledge(current_service(request), alert_id, wanted.note, actor))


@router.delete(
    "/{alert_id}/acknowledge",
    responses=error_responses(401, 404, 409, 422, 429, 503),
    summary="Take that back",
)
def delete(request: Request, alert_id: AlertId, actor: Operator) -> AlertOut:
    """Let an alert that fires be unacknowledged again. 409 when it is over."""
    return AlertOut.of(withdraw_acknowledgement(current_service(request), alert_id, actor))
