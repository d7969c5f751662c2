"""Say that somebody takes care of an alert, and take that back."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Request
from pydantic import BaseModel, ConfigDict

from ingestion_api.access.bearer import Operator
from ingestion_api.alerts.acknowledge import acknowledge, take_back
from ingestion_api.notes import Note
from ingestion_api.routes.alerts import OneAlert
from ingestion_api.routes.answers import errors
from ingestion_api.service import current_service
from ingestion_api.store.tables.base import MAX_ID

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])
AlertId = Annotated[int, Path(ge=1, le=MAX_ID, examples=[5])]


class Acknowledge(BaseModel):
    """What is being done about it, for the others."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "Starting a second worker."}]}
    )

    note: Note = ""


WITHOUT_A_NOTE = Acknowledge()


@router.post(
    "/{alert_id}/acknowledge",
    responses=errors(400, 401, 404, 409, 413, 422, 429, 503),
    summary="Acknowledge an alert",
)
def post(
    request: Request,
    alert_id: AlertId,
    actor: Operator,
    wanted: Annotated[Acknowledge, Body()] = WITHOUT_A_NOTE,
) -> OneAlert:
    """Take care of an alert until it ends; when it fires again it is another. 409 when it is over."""
    return OneAlert.of(acknowledge(current_service(request), alert_id, wanted.note, actor))


@router.delete(
    "/{alert_id}/acknowledge", responses=errors(401, 404, 409, 422, 429, 503), summary="Take that back"
)
def delete(request: Request, alert_id: AlertId, actor: Operator) -> OneAlert:
    """Let an alert that fires be unacknowledged again. 409 when it is over."""
    return OneAlert.of(take_back(current_service(request), alert_id, actor))
