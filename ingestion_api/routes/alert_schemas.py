"""The shapes of responses about alerts: an incident, its evidence, its events, its silence."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from ingestion_api.alerts.acknowledge import get_alert
from ingestion_api.alerts.events import MAX_EVENTS, read_events
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
from ingestion_api.routes.schemas import ApiResponse
from ingestion_api.store.tables import Alert, AlertSilence


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
