"""Alertmanager's webhook, one alert that it reported, its acknowledgement and its closing."""

import logging
from typing import Annotated

from fastapi import APIRouter, Body, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from ingestion_api.access.bearer import Alertmanager, Operator, client_address
from ingestion_api.alerts.acknowledge import acknowledge, close_alert, withdraw_acknowledgement
from ingestion_api.alerts.store import Delivery
from ingestion_api.alerts.webhook import ReadAlerts, WebhookPayload, read_alerts
from ingestion_api.fields import Note
from ingestion_api.routes.alert_schemas import AlertDetailOut, AlertOut, WebhookOut
from ingestion_api.routes.schemas import error_responses
from ingestion_api.service import current_service
from ingestion_api.store.tables.base import MAX_ID
from ingestion_api.web.json_route import JsonRoute

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"], route_class=JsonRoute)


AlertId = Annotated[int, Path(ge=1, le=MAX_ID, examples=[5])]


@router.post(
    "/webhook", responses=error_responses(400, 401, 413, 422, 429, 503), summary="Alertmanager's webhook"
)
def webhook(request: Request, call: WebhookPayload, _actor: Alertmanager) -> WebhookOut:
    """Keep what Alertmanager tells, once for each fingerprint and start; a bad alert costs no other."""
    service = current_service(request)
    read = read_alerts(call.alerts)
    _report_losses(call, read)
    service.webhook_counters.add(len(read.refused), call.truncated_alerts)
    kept = service.deliveries.write(Delivery(read.alerts, call.receiver, service.clock()))
    if service.alertmanager is not None:
        service.alertmanager.notice_call(client_address(request), call.external_url)
    return WebhookOut(
        new=kept.new, known=kept.known, refused=len(read.refused), truncated=call.truncated_alerts
    )


def _report_losses(call: WebhookPayload, read: ReadAlerts) -> None:
    if read.refused:
        log.warning("the webhook left out %d alerts; the first: %s", len(read.refused), read.refused[0][:500])
    if call.truncated_alerts:
        log.warning("Alertmanager left %d alerts out of a call: see its max_alerts", call.truncated_alerts)


@router.get("/{alert_id:int}", responses=error_responses(401, 404, 422, 429, 503), summary="One alert")
def show_alert(request: Request, alert_id: AlertId, _actor: Operator) -> AlertDetailOut:
    """Everything that is stored of one incident."""
    with current_service(request).store.read() as session:
        return AlertDetailOut.read(session, alert_id)


class AcknowledgeRequest(BaseModel):
    """What is being done about it, for the others."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "Starting a second worker."}]}
    )

    note: Note = ""
    silence: bool = Field(
        default=False, description="Silence it in Alertmanager, for as long as it lasts; false ends that."
    )


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
    return AlertOut.of(
        acknowledge(current_service(request), alert_id, wanted.note, actor, silence=wanted.silence)
    )


@router.delete(
    "/{alert_id}/acknowledge",
    responses=error_responses(401, 404, 409, 422, 429, 503),
    summary="Take that back",
)
def delete(request: Request, alert_id: AlertId, actor: Operator) -> AlertOut:
    """Let an alert that fires be unacknowledged again. 409 when it is over."""
    return AlertOut.of(withdraw_acknowledgement(current_service(request), alert_id, actor))


class CloseRequest(BaseModel):
    """Why nobody will tell of the end."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "This server was taken down."}]}
    )

    reason: Note


@router.post(
    "/{alert_id}/close",
    responses=error_responses(400, 401, 404, 409, 413, 422, 429, 503),
    summary="Close an alert by hand",
)
def close(request: Request, alert_id: AlertId, actor: Operator, wanted: CloseRequest) -> AlertOut:
    """End an alert whose source is gone; told again that it fires, it opens again. 409 when it is over."""
    return AlertOut.of(close_alert(current_service(request), alert_id, wanted.reason, actor))
