"""Alertmanager's webhook, as it sends it; fields we do not know are let pass, since it may add some.

Alertmanager does not send a call again that was refused, so nothing is refused for its size: a long text is
cut, and alerts are read one by one, so that a bad one costs no other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from ingestion_api.fields import Rfc3339Datetime, require_number

INHIBITOR = "RootCauseInhibitor"  # it only hides others, as alertmanager/inhibitions.py has it
MAX_TEXT = 4096  # characters of a label or annotation
MAX_PAIRS = 128  # labels, and annotations, of one alert
CUT = " … [cut]"
UNKNOWN_END_YEAR = 1  # the year Alertmanager writes for an end that is not known


def storable_text(value: object) -> object:
    """A text that every database takes: no NUL, no half of a character, not longer than it may be."""
    if not isinstance(value, str):
        return value
    # most are: ten thousand alerts have a hundred thousand texts
    if value.isascii() and len(value) <= MAX_TEXT and "\x00" not in value:
        return value
    text = value.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - len(CUT)] + CUT


def _cut_pairs(value: object) -> object:
    if not isinstance(value, dict) or len(value) <= MAX_PAIRS:
        return value
    kept = dict(list(value.items())[: MAX_PAIRS - 1])
    return {**kept, "cut": f"{len(value) - len(kept)} more were cut"}


def _require_storable(moment: datetime) -> datetime:
    # the first day of year 1 east of Greenwich and the last of 9999 west of it are none in UTC
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside of the years 1 to 9999 in UTC") from None


def _milliseconds(moment: datetime) -> datetime:
    # the API of Alertmanager has no more digits, and both must name the same incident
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


LabelText = Annotated[str, BeforeValidator(storable_text)]
LabelSet = Annotated[dict[LabelText, LabelText], BeforeValidator(_cut_pairs)]
StorableDatetime = Annotated[
    Rfc3339Datetime, AfterValidator(_require_storable), AfterValidator(_milliseconds)
]


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
        """When it ended, not before its start, whatever the sender's clock shows; None while it fires."""
        if self.status == "firing" or self.ends_at is None or self.ends_at.year == UNKNOWN_END_YEAR:
            return None
        return max(self.ends_at, self.starts_at)


@dataclass(frozen=True)
class ReadAlerts:
    """The alerts of a call that could be read, and one sentence for each that could not."""

    alerts: Sequence[WebhookAlert]
    refused: Sequence[str]


def read_alerts(given: Iterable[Any]) -> ReadAlerts:
    """Read each alert for itself; the inhibitor is none."""
    alerts: list[WebhookAlert] = []
    refused: list[str] = []
    for number, one in enumerate(given):
        try:
            alert = WebhookAlert.model_validate(one)
        except ValidationError as error:
            refused.append(f"alerts.{number}.{_first_flaw(error.errors(include_url=False)[0])}")
            continue
        if alert.labels.get("alertname") != INHIBITOR:
            alerts.append(alert)
    return ReadAlerts(alerts, refused)


def _first_flaw(error: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in error["loc"])[:100]
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


EXAMPLE: dict[str, Any] = {
    "version": "4",
    "groupKey": '{}:{alertname="QueueFull"}',
    "truncatedAlerts": 0,
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

    receiver: LabelText = ""
    external_url: LabelText = Field(default="", alias="externalURL")
    truncated_alerts: Annotated[int, BeforeValidator(require_number)] = Field(
        default=0,
        alias="truncatedAlerts",
        ge=0,
        le=2**31,
        description="Alerts that Alertmanager left out for its max_alerts.",
    )
    alerts: list[Any] = Field(
        description="Each with status, labels, annotations, startsAt, endsAt, generatorURL, fingerprint; "
        "one that cannot be read is left out and counted."
    )
