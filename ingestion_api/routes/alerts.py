"""Alertmanager's webhook, one alert that it reported, its acknowledgement and its closing."""

import logging
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from ingestion_api.access.bearer import Alertmanager, Operator, client_address
from ingestion_api.alerts.acknowledge import acknowledge, close_alert, get_alert, withdraw_acknowledgement
from ingestion_api.alerts.events import MAX_EVENTS, read_events
from ingestion_api.alerts.store import Delivery
from ingestion_api.alerts.webhook import ReadAlerts, WebhookPayload, read_alerts
from ingestion_api.fields import Note
from ingestion_api.routes.examples import (
    ACKNOWLEDGEMENT,
    ALERT,
    ALERT_DETAIL,
    ALERT_EVENT,
    DISAGREEMENT,
    EVIDENCE,
    RECEIVED,
    SILENCE,
    with_example,
)
from ingestion_api.routes.schemas import ApiResponse, error_responses
from ingestion_api.service import current_service
from ingestion_api.store.tables import Alert, AlertSilence
from ingestion_api.store.tables.base import MAX_ID
from ingestion_api.web.json_route import JsonRoute

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"], route_class=JsonRoute)


AlertId = Annotated[int, Path(ge=1, le=MAX_ID, examples=[5])]


class WebhookOut(ApiResponse):
    """What became of a webhook call."""

    model_config = with_example(RECEIVED)

    new: int = Field(description="Incidents not known before.")
    known: int = Field(description="Incidents told of again.")
    refused: int = Field(description="Alerts of this call that could not be read.")
    truncated: int = Field(description="Alerts that Alertmanager left out of this call.")


class AcknowledgementOut(ApiResponse):
    """Who takes care of an incident."""

    model_config = with_example(ACKNOWLEDGEMENT)

    by: str
    at: datetime
    note: str

    @classmethod
    def of(cls, alert: Alert) -> "AcknowledgementOut | None":
        """The answer for a row; None for one that nobody has acknowledged."""
        if alert.acknowledged_at is None:
            return None
        return cls(by=alert.acknowledged_by or "", at=alert.acknowledged_at, note=alert.acknowledgement or "")


class DisagreementOut(ApiResponse):
    """A report of the backend on itself that was wrong."""

    model_config = with_example(DISAGREEMENT)

    subject: str
    reported: str
    observed: str


class EvidenceOut(ApiResponse):
    """What Prometheus recorded of an incident; its values are in the unit of its signal."""

    model_config = with_example(EVIDENCE)

    state: Literal["pending", "start", "done", "none"] = Field(
        description="Whether it is still to be read, is that of the start, is complete, or cannot be read."
    )
    value_at_start: float | None
    level_at_start: float | None
    worst_value: float | None = Field(description="Known once the incident has ended.")
    worst_at: datetime | None
    disagreements: list[DisagreementOut] | None = Field(
        description="Self-reports that disagreed with the observation at the start; null where unknown."
    )

    @classmethod
    def of(cls, alert: Alert) -> "EvidenceOut":
        """The response for a row."""
        same = ("value_at_start", "level_at_start", "worst_value", "worst_at")
        found = alert.disagreements
        disagreements = (
            None
            if found is None
            else [
                {"subject": subject, "reported": reported, "observed": observed}
                for subject, (reported, observed) in found.items()
            ]
        )
        values = {name: getattr(alert, name) for name in same}
        return cls.model_validate({**values, "state": alert.evidence, "disagreements": disagreements})


class AlertOut(ApiResponse):
    """One incident: one firing interval of one alert."""

    model_config = with_example(ALERT)

    id: int
    fingerprint: str
    name: str
    severity: str
    status: Literal["firing", "resolved"]
    starts_at: datetime
    ends_at: datetime | None
    labels: dict[str, str]
    annotations: dict[str, str]
    generator_url: str
    first_received_at: datetime
    last_received_at: datetime
    notices: int = Field(description="How often Alertmanager told of it.")
    acknowledgement: AcknowledgementOut | None
    known_by: Literal["told", "reconciled", "history"] = Field(
        description="By the webhook, by a poll, or from Prometheus."
    )
    end_known_by: Literal["told", "reconciled", "history", "superseded", "closed"] | None
    closed_by: str | None
    close_reason: str | None
    suppression: Literal["", "silenced", "inhibited"] = Field(description="At the latest poll.")
    was_silenced: bool
    was_inhibited: bool
    evidence: EvidenceOut

    @classmethod
    def of(cls, alert: Alert) -> "AlertOut":
        """The answer for a row."""
        return cls.model_validate(alert_values(alert))


def alert_values(alert: Alert) -> dict[str, Any]:
    """The fields of AlertOut for a row."""
    made = {"acknowledgement": AcknowledgementOut.of(alert), "evidence": EvidenceOut.of(alert)}
    return {name: getattr(alert, name) for name in AlertOut.model_fields if name not in made} | made


class AlertEventOut(ApiResponse):
    """One thing that happened to an incident."""

    model_config = with_example(ALERT_EVENT)

    at: datetime
    kind: str = Field(
        description="started, ended, reopened, acknowledged, unacknowledged, closed, silenced, inhibited, "
        "not suppressed, silence set or silence ended."
    )
    actor: str = Field(description="Who did it, where somebody did.")
    note: str


class SilenceOut(ApiResponse):
    """A silence in Alertmanager that lasts as long as its incident."""

    model_config = with_example(SILENCE)

    by: str
    note: str
    silence_id: str | None = Field(description="Alertmanager's id; null until it is set there.")
    ends_at: datetime | None = Field(description="When it ends unless it is extended, which it is.")
    ending: bool = Field(description="Whether it is being ended.")
    problem: str = Field(description="Why it could not be set, extended or ended; empty where it could.")

    @classmethod
    def of(cls, silence: AlertSilence) -> "SilenceOut":
        """The response for a row."""
        same = {name: getattr(silence, name) for name in cls.model_fields if name != "by"}
        return cls.model_validate({**same, "by": silence.actor})


class AlertDetailOut(AlertOut):
    """One incident with its events and its silence."""

    model_config = with_example(ALERT_DETAIL)

    events: list[AlertEventOut] = Field(description=f"The newest {MAX_EVENTS}, the oldest of them first.")
    silence: SilenceOut | None

    @classmethod
    def read(cls, session: Session, alert_id: int) -> "AlertDetailOut":
        """The response for an incident. Raises NotFound."""
        alert, silence = get_alert(session, alert_id), session.get(AlertSilence, alert_id)
        return cls.model_validate(
            {
                **alert_values(alert),
                "events": [
                    {name: getattr(it, name) for name in AlertEventOut.model_fields}
                    for it in read_events(session, alert_id)
                ],
                "silence": SilenceOut.of(silence) if silence else None,
            }
        )


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
