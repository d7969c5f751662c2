"""The filter of incidents as an address writes it, for the API and for the page."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from ingestion_api.alerts.filters import MAX_WORDS, AlertFilter
from ingestion_api.alerts.webhook import StorableDatetime

MAX_VALUES = 20
_NO_CONTROLS = r"[^\x00-\x1f\x7f]"
_DATED = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")
_LOST_PLUS = re.compile(r" (\d\d:\d\d)$")


def _restore_plus(value: object) -> object:
    # pydantic would read a bare number as seconds since 1970
    if not isinstance(value, str) or not _DATED.match(value):
        raise ValueError(f"is {str(value)[:40]!r}; expected a moment as RFC 3339 writes it")
    # a + that was not escaped arrives as a space
    return _LOST_PLUS.sub(r"+\1", value)


Severity = Literal["critical", "warning", "info", "other"]
Name = Annotated[str, StringConstraints(max_length=255, pattern=rf"^{_NO_CONTROLS}*$")]
LabelPair = Annotated[
    str, StringConstraints(max_length=4096, pattern=r"^[^=\x00-\x1f\x7f]+=[^\x00-\x1f\x7f]*$")
]
SearchText = Annotated[str, StringConstraints(max_length=200, pattern=rf"^{_NO_CONTROLS}*$")]
Moment = Annotated[StorableDatetime, BeforeValidator(_restore_plus)]


class AlertQuery(BaseModel):
    """Which incidents; several values of one name are alternatives."""

    # a filter that is not known would choose everything
    model_config = ConfigDict(extra="forbid")

    status: Literal["firing", "resolved"] | None = Field(default=None, examples=["firing"])
    severity: list[Severity] = Field(
        default=[], max_length=MAX_VALUES, examples=[["critical"]], description="`other` is any other word."
    )
    module: list[Name] = Field(default=[], max_length=MAX_VALUES, examples=[["resources"]])
    signal: list[Name] = Field(default=[], max_length=MAX_VALUES, examples=[["api_error_ratio"]])
    label: list[LabelPair] = Field(
        default=[],
        max_length=MAX_VALUES,
        examples=[["queue_name=default"]],
        description="A label as name=value; of one name one value must match, of several names each.",
    )
    text: SearchText = Field(
        default="",
        examples=["queue waits"],
        description=f"Up to {MAX_WORDS} words; each is part of the name, labels, summary or description. "
        "A number that is no label stands for any number.",
    )
    since: Moment | None = Field(
        default=None, examples=["2026-11-23T00:00:00Z"], description="What fired then or later."
    )
    until: Moment | None = Field(
        default=None, examples=["2026-11-23T12:00:00Z"], description="What had begun by then."
    )
    acknowledged: bool | None = Field(default=None, examples=[False])

    def filter(self) -> AlertFilter:
        """The same for the database; BadRequest where parts contradict each other."""
        labels: dict[str, list[str]] = {}
        for pair in self.label:
            name, _, value = pair.partition("=")
            labels.setdefault(name, []).append(value)
        same = {name: getattr(self, name) for name in ("status", "text", "since", "until", "acknowledged")}
        return AlertFilter(
            severities=self.severity, modules=self.module, signals=self.signal, labels=labels, **same
        )
