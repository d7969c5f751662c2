"""Alertmanager's webhook, and what it has told."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from ingestion_api.access.bearer import Alertmanager, Operator
from ingestion_api.alerts.keep import keep, listed
from ingestion_api.alerts.notices import Webhook
from ingestion_api.routes.answers import errors
from ingestion_api.routes.examples import ACKNOWLEDGEMENT, ALERT, ALERTS, RECEIVED, with_example
from ingestion_api.routes.shapes import Shape
from ingestion_api.service import current_service
from ingestion_api.store.tables import Alert
from ingestion_api.store.tables.base import MAX_ID

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])


Severity = Annotated[
    str | None, Query(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$", examples=["page"])
]


class Received(Shape):
    """What became of a webhook call."""

    model_config = with_example(RECEIVED)

    new: int = Field(description="Incidents not known before.")
    known: int = Field(description="Incidents told of again.")


class Acknowledgement(Shape):
    """Who takes care of an incident."""

    model_config = with_example(ACKNOWLEDGEMENT)

    by: str
    at: datetime
    note: str

    @classmethod
    def of(cls, alert: Alert) -> "Acknowledgement | None":
        """The answer for a row; None for one that nobody has acknowledged."""
        if alert.acknowledged_at is None:
            return None
        return cls(by=alert.acknowledged_by or "", at=alert.acknowledged_at, note=alert.acknowledgement or "")


class OneAlert(Shape):
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
    acknowledgement: Acknowledgement | None

    @classmethod
    def of(cls, alert: Alert) -> "OneAlert":
        """The answer for a row."""
        told = {name: getattr(alert, name) for name in cls.model_fields if name != "acknowledgement"}
        return cls.model_validate({**told, "acknowledgement": Acknowledgement.of(alert)})


class AlertList(Shape):
    """Incidents, newest first."""

    model_config = with_example(ALERTS)

    alerts: list[OneAlert]
    next_cursor: int | None = Field(default=None, description="Ask with before=<it> for the next page.")


@router.post("/webhook", responses=errors(400, 401, 413, 422, 429, 503), summary="Alertmanager's webhook")
def webhook(request: Request, call: Webhook, _actor: Alertmanager) -> Received:
    """Keep what Alertmanager tells, once for each fingerprint and start."""
    service = current_service(request)
    kept = keep(service.store, call, service.clock())
    return Received(new=kept.new, known=kept.known)


@router.get("", responses=errors(401, 422, 429, 503), summary="Alerts, newest first")
def alerts(
    request: Request,
    _actor: Operator,
    status: Annotated[Literal["firing", "resolved"] | None, Query(examples=["firing"])] = None,
    severity: Severity = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    before: Annotated[int | None, Query(ge=1, le=MAX_ID, examples=[5])] = None,
) -> AlertList:
    """Active and past incidents."""
    with current_service(request).store.read() as session:
        found = listed(session, limit + 1, status, severity, before)
        more = found[limit - 1].id if len(found) > limit else None
        return AlertList(alerts=[OneAlert.of(alert) for alert in found[:limit]], next_cursor=more)
