"""The typed content of thresholds.yml: signals, SLOs and burn rates, and each error in it as one sentence."""

import math
import re
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from prometheus import freshness
from prometheus.annotations import Dashboard, Page
from prometheus.config_file import ConfigFileError, ConfigModel, error_sentence, read_yaml
from prometheus.significance import Expression, Share, Significance

SEVERITIES = ("info", "warning", "critical")
Severity = Literal["info", "warning", "critical"]
Sentence = Annotated[str, Field(min_length=10, pattern=r"\.$")]
Duration = Annotated[str, Field(pattern=r"^\d+(ms|s|m|h|d)$")]
Window = Annotated[str, Field(pattern=r"^\d+(m|h|d)$")]  # of a burn rate; rates are of one minute
Label = Annotated[str, Field(pattern=r"^[a-z_]+$")]
# what one event can raise an alert, or none and what it takes
SingleEvent = Annotated[str, Field(min_length=5, pattern=r"^(none; )?[a-z].*[^.]$")]
Level = Annotated[float, Field(allow_inf_nan=False)]


class Levels(ConfigModel):
    """The levels of a signal by severity."""

    info: Level | None = None
    warning: Level | None = None
    critical: Level | None = None

    def given(self) -> dict[str, float]:
        """The configured levels, mildest first."""
        pairs = ((severity, getattr(self, severity)) for severity in SEVERITIES)
        return {severity: value for severity, value in pairs if value is not None}


class Volume(ConfigModel):
    """The minimum volume below which a ratio is not judged."""

    expression: Expression
    at_least: Annotated[float, Field(gt=0)]


class Signal(ConfigModel):
    """One measured value, its levels and its alert."""

    alert: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]+$")]
    meaning: Sentence
    unit: Literal["ratio", "seconds", "count", "bytes", "state", "per_second"]
    direction: Literal["above", "below"]
    single_event: SingleEvent
    levels: Levels
    range: tuple[Level, Level] | None = None  # bounds of an override
    hold: Duration = "0s"
    lane: freshness.Lane = "slow"
    by: tuple[Label, ...] = ()
    expression: Expression
    going_on: Expression | None = None  # must pass the level as well before the alert begins
    volume: Volume | None = None
    share: Share | None = None  # then the level is compared with a bound of the share, not with the value
    dashboard: Dashboard
    action: Page = "/alerts"
    summary: Annotated[str, Field(min_length=5)]
    description: Sentence

    @model_validator(mode="after")
    def levels_make_sense(self) -> Self:
        """At least one level exists, levels are in order of severity, and all lie within the range."""
        given = list(self.levels.given().items())
        if not given:
            raise ValueError("has no level; expected at least one of info, warning, critical")
        for (mild, low), (severe, high) in pairwise(given):
            if low >= high if self.direction == "above" else low <= high:
                raise ValueError(
                    f"has {mild} {low:g} beyond {severe} {high:g}, but its direction is {self.direction}"
                )
        for severity, level in given:
            if problem := self.range_error(level):
                raise ValueError(f"has {severity} {level:g}, {problem}")
        return self

    @model_validator(mode="after")
    def texts_name_what_there_is(self) -> Self:
        """Placeholders are the value, the level, or a label of `by`."""
        known = {"value", "level", *self.by}
        for word in re.findall(r"{(\w+)}", self.summary + self.description):
            if word not in known:
                raise ValueError(
                    f"has the placeholder {{{word}}}; expected one of {', '.join(sorted(known))}"
                )
        return self

    @model_validator(mode="after")
    def lane_reads_its_own_scrape(self) -> Self:
        """A fast signal reads only the fast scrape and has no hold; a slow signal never reads it."""
        fast = self.lane == "fast"
        if (freshness.FAST in self.expression) != fast:
            expected = f"expected {freshness.FAST} in it" if fast else f"expected no {freshness.FAST} in it"
            raise ValueError(f"has lane {self.lane}, but an expression of the other lane; {expected}")
        if fast and self.hold != "0s":
            raise ValueError(f"has hold {self.hold} in the fast lane; expected none")
        if fast and self.has_range and self.share is None:
            raise ValueError("has a range in the fast lane; expected a share, which is judged by its bound")
        return self

    @model_validator(mode="after")
    def share_is_bad(self) -> Self:
        """A share counts bad events, so more of them are worse."""
        if self.share and self.direction == "below":
            raise ValueError("has direction below; expected above for a share of bad events")
        return self

    def range_error(self, level: float) -> str:
        """Why this level is out of range; empty where it is not."""
        least, greatest = self.bounds()
        if least <= level <= greatest:
            return ""
        return f"outside its range; expected {least:g} to {greatest:g}"

    def bounds(self) -> tuple[float, float]:
        """The minimum and the maximum of a level."""
        return self.range or (-math.inf, math.inf)

    @property
    def has_range(self) -> bool:
        """Whether the expression has a range, which costs more than an instant selector."""
        return "[" in self.expression

    @property
    def outlives_cause(self) -> bool:
        """Whether the value can pass its level after its cause has ended, as events leave the range."""
        return bool(self.going_on) or "rate(" in self.expression or "increase(" in self.expression

    def value_expr(self) -> str:
        """The expression of the value; without a value below the minimum volume or without a scrape."""
        expression = one_line(self.expression)
        if self.volume is None:
            return freshness.while_scraped(expression, self.lane)
        on, volume = ", ".join(self.by), one_line(self.volume.expression)
        return freshness.while_scraped(
            f"({expression}) and on ({on}) (({volume}) >= {self.volume.at_least:g})", self.lane
        )

    def latest_expr(self) -> str:
        """Whether the cause goes on, as an expression; by default over the last fifth of the range."""
        expression = self.going_on or freshness.last_fifth(self.expression)
        return freshness.fresh_samples(one_line(expression), self.lane)


def one_line(expression: str) -> str:
    """The expression on one line."""
    return " ".join(expression.split())


FILE = Path(__file__).with_name("thresholds.yml")
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]+$")]


class ThresholdsError(Exception):
    """thresholds.yml is invalid; each line of the text is one error."""


class Slo(ConfigModel):
    """A service level objective: the promised share of good events over 30 days."""

    meaning: Sentence
    objective: Annotated[float, Field(gt=0.5, lt=1)]
    good: Expression
    total: Expression
    at_least: Annotated[int, Field(ge=1)]  # events in the long window below which the SLO is not judged
    dashboard: Dashboard


class BurnRate(ConfigModel):
    """A burn rate of the error budget, over a long and a short window."""

    factor: Annotated[float, Field(gt=0)]
    long: Window
    short: Window
    severity: Severity


class Thresholds(ConfigModel):
    """The content of the file."""

    significance: Significance = Significance()
    signals: dict[Name, Signal]
    slos: dict[Name, Slo]
    burns: tuple[BurnRate, ...]

    @model_validator(mode="before")
    @classmethod
    def one_significance(cls, body: Any) -> Any:
        """All shares are judged alike; the file says once how sure a judgement has to be."""
        if not isinstance(body, dict) or "significance" not in body:
            return body
        if not isinstance(body.get("signals"), dict):
            return body  # which the fields refuse
        signals = {name: _judged_alike(it, body["significance"]) for name, it in body["signals"].items()}
        return {**body, "signals": signals}

    @model_validator(mode="after")
    def alerts_are_unique(self) -> Self:
        """Alert names are unique."""
        seen: dict[str, str] = {}
        for name, signal in self.signals.items():
            if signal.alert in seen:
                raise ValueError(f"{name} raises {signal.alert}, which {seen[signal.alert]} raises already")
            seen[signal.alert] = name
        return self

    @model_validator(mode="after")
    def burns_can_happen(self) -> Self:
        """Every burn rate is possible: an error ratio cannot exceed 1."""
        for name, slo in self.slos.items():
            for burn in self.burns:
                if burn.factor * (1 - slo.objective) >= 1:
                    raise ValueError(
                        f"{name} allows {1 - slo.objective:.2%} of bad events, so nothing can burn "
                        f"{burn.factor:g} times too fast; expected a stricter objective or a smaller factor"
                    )
        return self


def _judged_alike(signal: Any, significance: Any) -> Any:
    """The signal; its share, if it has one, with this significance."""
    if not isinstance(signal, dict) or not isinstance(signal.get("share"), dict):
        return signal
    return {**signal, "share": {"significance": significance, **signal["share"]}}


def load(file: Path = FILE) -> Thresholds:
    """The content of this file. Raises ThresholdsError with one sentence per error."""
    try:
        return Thresholds.model_validate(read_yaml(file))
    except ConfigFileError as error:
        raise ThresholdsError(str(error)) from None
    except ValidationError as error:
        raise ThresholdsError("\n".join(error_sentence(file.name, e) for e in error.errors())) from None
