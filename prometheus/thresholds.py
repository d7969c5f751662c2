"""The typed content of thresholds.yml: each signal once, and every mistake in it as one sentence."""

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from prometheus import strict_yaml
from prometheus.dashboards import Dashboard
from prometheus.signal import Duration, Expression, Sentence, Severity, Signal, Strict

FILE = Path(__file__).with_name("thresholds.yml")
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]+$")]


class ThresholdsError(Exception):
    """thresholds.yml cannot be used; each line of the text is one sentence."""


class Slo(Strict):
    """What users are promised: the share of good events over thirty days."""

    meaning: Sentence
    objective: Annotated[float, Field(gt=0.5, lt=1)]
    good: Expression
    total: Expression
    at_least: Annotated[int, Field(ge=1)]  # events in the long window below which nothing is said
    dashboard: Dashboard


class Burn(Strict):
    """How fast an error budget may burn, seen over a long and a short window."""

    factor: Annotated[float, Field(gt=0)]
    long: Duration
    short: Duration
    severity: Severity


class Thresholds(Strict):
    """The whole file."""

    signals: dict[Name, Signal]
    slos: dict[Name, Slo]
    burns: tuple[Burn, ...]

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
        return Thresholds.model_validate(strict_yaml.read(file))
    except strict_yaml.Unreadable as error:
        raise ThresholdsError(str(error)) from None
    except ValidationError as error:
        raise ThresholdsError("\n".join(sentence(file.name, e) for e in error.errors())) from None


def sentence(file: str, error: Any) -> str:
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
