"""The typed content of thresholds.yml: each signal once, and every mistake in it as one sentence."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

FILE = Path(__file__).with_name("thresholds.yml")
SEVERITIES = ("info", "warning", "critical")
Severity = Literal["info", "warning", "critical"]
Direction = Literal["above", "below"]
Lane = Literal["fast", "slow"]
Sentence = Annotated[str, Field(min_length=10, pattern=r"\.$")]
Duration = Annotated[str, Field(pattern=r"^\d+(ms|s|m|h|d)$")]
Label = Annotated[str, Field(pattern=r"^[a-z_]+$")]


class ThresholdsError(Exception):
    """thresholds.yml cannot be used; each line of the text is one sentence."""


class Strict(BaseModel):
    """A part of the file; a key that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Levels(Strict):
    """From which value on someone should know, look, or get up."""

    info: float | None = None
    warning: float | None = None
    critical: float | None = None

    def given(self) -> dict[str, float]:
        """The levels that are set, the mildest first."""
        pairs = ((severity, getattr(self, severity)) for severity in SEVERITIES)
        return {severity: value for severity, value in pairs if value is not None}


class Volume(Strict):
    """How much must happen before a ratio says anything."""

    expression: str
    at_least: Annotated[float, Field(gt=0)]


class Signal(Strict):
    """One thing that is measured, and the levels at which it becomes news."""

    alert: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]+$")]
    meaning: Sentence
    unit: Literal["ratio", "seconds", "count", "bytes", "state", "per_second"]
    direction: Direction
    levels: Levels
    hold: Duration = "0s"
    hold_info: Duration | None = None
    lane: Lane = "slow"
    by: tuple[Label, ...] = ()
    expression: Annotated[str, Field(min_length=3)]
    volume: Volume | None = None
    dashboard: Annotated[str, Field(pattern=r"^[a-z-]+$")]
    action: Annotated[str, Field(pattern=r"^/")] = "/"
    summary: Annotated[str, Field(min_length=5)]
    description: Sentence
    range: tuple[float, float] | None = None  # the least and the greatest level that an override may set

    @model_validator(mode="after")
    def levels_make_sense(self) -> Self:
        """A level is set, and none lies beyond the severer one."""
        given = list(self.levels.given().items())
        if not given:
            raise ValueError("has no level; expected at least one of info, warning, critical")
        for (mild, low), (severe, high) in pairwise(given):
            if low >= high if self.direction == "above" else low <= high:
                raise ValueError(
                    f"has {mild} {low:g} beyond {severe} {high:g}, but its direction is {self.direction}"
                )
        return self

    def value(self) -> str:
        """The expression of the value, silent where too little happens to judge."""
        expression = " ".join(self.expression.split())
        if self.volume is None:
            return expression
        on = ", ".join(self.by)
        return f"({expression}) and on ({on}) ({self.volume.expression} >= {self.volume.at_least:g})"


class Slo(Strict):
    """What users are promised: the share of good events over thirty days."""

    meaning: Sentence
    objective: Annotated[float, Field(gt=0.5, lt=1)]
    good: str
    total: str
    dashboard: Annotated[str, Field(pattern=r"^[a-z-]+$")]


class Burn(Strict):
    """How fast an error budget may burn, seen over a long and a short window."""

    factor: Annotated[float, Field(gt=0)]
    long: Duration
    short: Duration
    hold: Duration
    severity: Severity


class Thresholds(Strict):
    """The whole file."""

    slos: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]+$")], Slo]
    burns: tuple[Burn, ...]
    signals: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]+$")], Signal]

    @model_validator(mode="after")
    def alerts_are_unique(self) -> Self:
        """No two signals raise an alert of the same name."""
        seen: dict[str, str] = {}
        for name, signal in self.signals.items():
            if signal.alert in seen:
                raise ValueError(f"{name} raises {signal.alert}, which {seen[signal.alert]} raises already")
            seen[signal.alert] = name
        return self


def load(file: Path = FILE) -> Thresholds:
    """The thresholds of this file. Raises ThresholdsError with one sentence for each mistake."""
    try:
        body = yaml.safe_load(file.read_text())
    except OSError as error:
        raise ThresholdsError(f"{file} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise ThresholdsError(f"{file.name} is no YAML at line {line}") from None
    try:
        return Thresholds.model_validate(body)
    except ValidationError as error:
        raise ThresholdsError("\n".join(sentence(file.name, e) for e in error.errors())) from None


def sentence(file: str, error: Any) -> str:
    """One sentence that names the place, the value and what was expected."""
    place = ".".join(str(step) for step in error["loc"]) or "the file"
    if error["type"] == "value_error":
        return f"{file}: {place} {error['ctx']['error']}"
    if error["type"] == "missing":
        return f"{file}: {place} is missing"
    if error["type"] == "extra_forbidden":
        return f"{file}: {place} is not a key that is known here"
    expected = (
        str(error["msg"]).replace("Input should be", "expected").replace("String should", "expected to")
    )
    return f"{file}: {place} is {error['input']!r}; {expected}"
