"""The typed content of thresholds.yml: signals, SLOs and burn rates, and each error in it as one sentence."""

import math
import re
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from prometheus import freshness
from prometheus.annotations import Dashboard, Page
from prometheus.config_file import ConfigFileError, ConfigModel, read_yaml

SEVERITIES = ("info", "warning", "critical")
Severity = Literal["info", "warning", "critical"]
Sentence = Annotated[str, Field(min_length=10, pattern=r"\.$")]
Expression = Annotated[str, Field(min_length=3)]
Duration = Annotated[str, Field(pattern=r"^\d+(ms|s|m|h|d)$")]
Label = Annotated[str, Field(pattern=r"^[a-z_]+$")]
Level = Annotated[float, Field(allow_inf_nan=False)]


class Levels(ConfigModel):
    """From which value on someone should know, look, or get up."""

    info: Level | None = None
    warning: Level | None = None
    critical: Level | None = None

    def given(self) -> dict[str, float]:
        """The levels that are set, the mildest first."""
        pairs = ((severity, getattr(self, severity)) for severity in SEVERITIES)
        return {severity: value for severity, value in pairs if value is not None}


class Volume(ConfigModel):
    """How much must happen before a ratio says anything."""

    expression: Expression
    at_least: Annotated[float, Field(gt=0)]


class Signal(ConfigModel):
    """One thing that is measured, and the levels at which it becomes news."""

    alert: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]+$")]
    meaning: Sentence
    unit: Literal["ratio", "seconds", "count", "bytes", "state", "per_second"]
    direction: Literal["above", "below"]
    levels: Levels
    range: tuple[Level, Level] | None = None  # the least and the greatest level that an override may set
    hold: Duration = "0s"
    lane: freshness.Lane = "slow"
    by: tuple[Label, ...] = ()
    expression: Expression
    going_on: Expression | None = None  # what must pass the level as well before the alert begins
    volume: Volume | None = None
    dashboard: Dashboard
    action: Page = "/alerts"
    summary: Annotated[str, Field(min_length=5)]
    description: Sentence

    @model_validator(mode="after")
    def levels_make_sense(self) -> Self:
        """A level is set, none lies beyond the severer one, and all lie where an override may lie."""
        given = list(self.levels.given().items())
        if not given:
            raise ValueError("has no level; expected at least one of info, warning, critical")
        for (mild, low), (severe, high) in pairwise(given):
            if low >= high if self.direction == "above" else low <= high:
                raise ValueError(
                    f"has {mild} {low:g} beyond {severe} {high:g}, but its direction is {self.direction}"
                )
        for severity, level in given:
            if refusal := self.refusal(level):
                raise ValueError(f"has {severity} {level:g}, {refusal}")
        return self

    @model_validator(mode="after")
    def texts_name_what_there_is(self) -> Self:
        """The words in braces are the value, the level, or a label that the expression keeps."""
        known = {"value", "level", *self.by}
        for word in re.findall(r"{(\w+)}", self.summary + self.description):
            if word not in known:
                raise ValueError(f"says {{{word}}}; expected one of {', '.join(sorted(known))}")
        return self

    @model_validator(mode="after")
    def lane_reads_its_own_scrape(self) -> Self:
        """A fast signal reads the fast scrape and waits for nothing; a slow one reads another."""
        fast = self.lane == "fast"
        if (freshness.FAST in self.expression) != fast:
            expected = f"expected {freshness.FAST} in it" if fast else f"expected no {freshness.FAST} in it"
            raise ValueError(f"is in the {self.lane} lane by its lane, but not by its expression; {expected}")
        if fast and self.hold != "0s":
            raise ValueError(f"holds for {self.hold}, but is in the fast lane; expected no hold")
        return self

    def refusal(self, level: float) -> str:
        """Why this level may not be set; empty where it may."""
        least, greatest = self.bounds()
        if least <= level <= greatest:
            return ""
        return f"outside its range; expected {least:g} to {greatest:g}"

    def bounds(self) -> tuple[float, float]:
        """The least and the greatest level."""
        return self.range or (-math.inf, math.inf)

    @property
    def over_time(self) -> bool:
        """Whether the expression looks back over a window, which costs more than looking at the newest."""
        return "[" in self.expression

    @property
    def lingers(self) -> bool:
        """Whether the value may pass its level after the cause has ended, by what leaves the window."""
        return bool(self.going_on) or "rate(" in self.expression or "increase(" in self.expression

    def value(self) -> str:
        """The expression of the value, silent where too little happens to judge, or nobody looks."""
        expression = one_line(self.expression)
        if self.volume is None:
            return freshness.while_scraped(expression, self.lane)
        on, volume = ", ".join(self.by), one_line(self.volume.expression)
        return freshness.while_scraped(
            f"({expression}) and on ({on}) (({volume}) >= {self.volume.at_least:g})", self.lane
        )

    def latest(self) -> str:
        """What tells whether the cause goes on; by default the value over the last fifth of its windows."""
        expression = self.going_on or freshness.last_fifth(self.expression)
        return freshness.fresh_samples(one_line(expression), self.lane)


def one_line(expression: str) -> str:
    """The expression without the line breaks that made it readable."""
    return " ".join(expression.split())


FILE = Path(__file__).with_name("thresholds.yml")
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]+$")]


class ThresholdsError(Exception):
    """thresholds.yml cannot be used; each line of the text is one sentence."""


class Slo(ConfigModel):
    """What users are promised: the share of good events over thirty days."""

    meaning: Sentence
    objective: Annotated[float, Field(gt=0.5, lt=1)]
    good: Expression
    total: Expression
    at_least: Annotated[int, Field(ge=1)]  # events in the long window below which nothing is said
    dashboard: Dashboard


class BurnRate(ConfigModel):
    """How fast an error budget may burn, seen over a long and a short window."""

    factor: Annotated[float, Field(gt=0)]
    long: Duration
    short: Duration
    severity: Severity


class Thresholds(ConfigModel):
    """The whole file."""

    signals: dict[Name, Signal]
    slos: dict[Name, Slo]
    burns: tuple[BurnRate, ...]

    @model_validator(mode="after")
    def alerts_are_unique(self) -> Self:
        """No two signals raise an alert of the same name."""
        seen: dict[str, str] = {}
        for name, signal in self.signals.items():
            if signal.alert in seen:
                raise ValueError(f"{name} raises {signal.alert}, which {seen[signal.alert]} raises already")
            seen[signal.alert] = name
        return self

    @model_validator(mode="after")
    def burns_can_happen(self) -> Self:
        """No budget can burn faster than with nothing but bad events."""
        for name, slo in self.slos.items():
            for burn in self.burns:
                if burn.factor * (1 - slo.objective) >= 1:
                    raise ValueError(
                        f"{name} allows {1 - slo.objective:.2%} of bad events, so nothing can burn "
                        f"{burn.factor:g} times too fast; expected a stricter objective or a smaller factor"
                    )
        return self


def load(file: Path = FILE) -> Thresholds:
    """The thresholds of this file. Raises ThresholdsError with one sentence for each mistake."""
    try:
        return Thresholds.model_validate(read_yaml(file))
    except ConfigFileError as error:
        raise ThresholdsError(str(error)) from None
    except ValidationError as error:
        raise ThresholdsError("\n".join(error_sentence(file.name, e) for e in error.errors())) from None


def error_sentence(file: str, error: Any) -> str:
    """One sentence that names the place, the value and what was expected."""
    place = ".".join(str(step) for step in error["loc"])
    if error["type"] == "value_error":
        return f"{file}: {place} {error['ctx']['error']}".replace(":  ", ": ")
    if error["type"] == "missing":
        return f"{file}: {place} is missing"
    if error["type"] == "extra_forbidden":
        return f"{file}: {place} is not a key that is known here"
    expected = (
        str(error["msg"]).replace("Input should be", "expected").replace("String should", "expected to")
    )
    return f"{file}: {place} is {error['input']!r}; {expected}"
