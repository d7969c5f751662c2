"""Alertmanager's webhook, as it sends it; fields we do not know are let pass, since it may add some."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from ingestion_api.fields import CheckedKeys, Rfc3339Datetime

# databases take no NUL in a text
LabelText = Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$")]
LabelSet = Annotated[dict[LabelText, LabelText], CheckedKeys]
UNKNOWN_END_YEAR = 1  # the year Alertmanager writes for an end that is not known


def _require_storable(moment: datetime) -> datetime:
    # the first day of year 1 east of Greenwich and the last of 9999 west of it are none in UTC
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside of the years 1 to 9999 in UTC") from None
    return moment


StorableDatetime = Annotated[Rfc3339Datetime, AfterValidator(_require_storable)]


class WebhookAlert(BaseModel):
    """One alert of a webhook call."""

    model_config = ConfigDict(extra="ignore")

    status: Literal["firing", "resolved"]
    labels: LabelSet
    annotations: LabelSet = {}
    starts_at: StorableDatetime = Field(alias="startsAt")
    ends_at: StorableDatetime | None = Field(default=None, alias="endsAt")
    generator_url: LabelText = Field(default="", alias="generatorURL")
    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,64}$")]

    @property
    def ended(self) -> datetime | None:
        """When it ended; None while it fires."""
        if self.status == "firing" or self.ends_at is None or self.ends_at.year == UNKNOWN_END_YEAR:
            return None
        return self.ends_at


EXAMPLE: dict[str, Any] = {
    "version": "4",
    "groupKey": '{}:{alertname="QueueFull"}',
    "status": "firing",
    "receiver": "watchroom",
    "groupLabels": {"alertname": "QueueFull"},
    "commonLabels": {},
    "commonAnnotations": {},
    "externalURL": "http://127.0.0.1:9093",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "QueueFull", "severity": "warning"},
            "annotations": {"summary": "Ten jobs wait."},
            "startsAt": "2026-11-23T08:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://127.0.0.1:9090/graph",
            "fingerprint": "9f86d081884c7d65",
        }
    ],
}


class WebhookPayload(BaseModel):
    """One call of Alertmanager's webhook."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [EXAMPLE]})

    receiver: Annotated[LabelText, StringConstraints(max_length=255)] = ""
    alerts: list[WebhookAlert] = Field(max_length=5_000)
