"""The signals that have levels: read from thresholds.yml, as far as preferences need it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
Level = Annotated[float, Field(allow_inf_nan=False)]
_DURATION = re.compile(r"^(\d+)(ms|s|m|h|d)$")
_UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}


class Significance(BaseModel):
    """How sure a judgement of a share has to be: with this confidence, and by this many bad events."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    confidence: float
    failures: int


class Signal(BaseModel):
    """One thing that is measured; the file says more of it than is read here."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    meaning: str
    unit: str
    direction: Literal["above", "below"]
    levels: Mapping[Severity, Level]
    range: tuple[Level, Level] | None = None
    lane: Literal["fast", "slow"] = "slow"
    hold: Annotated[str, Field(pattern=r"^\d+(ms|s|m|h|d)$")] = "0s"
    expression: str = ""
    going_on: str | None = None
    share: Mapping[str, object] | None = None  # judged by a bound of this share
    significance: Significance | None = None  # of a share, from the head of the file

    @property
    def outlives_cause(self) -> bool:
        """Whether the value can pass its level after its cause has ended, as the rules define it."""
        return bool(self.going_on) or "rate(" in self.expression or "increase(" in self.expression

    @property
    def hold_seconds(self) -> float:
        """For how long the value must pass a level before the alert fires, in seconds."""
        number, unit = _DURATION.findall(self.hold)[0]
        return int(number) * _UNIT_SECONDS[unit]

    def given(self) -> dict[str, float]:
        """The levels of the file, the mildest first."""
        return {severity: self.levels[severity] for severity in SEVERITIES if severity in self.levels}


class _ThresholdsFile(BaseModel):
    model_config = ConfigDict(extra="ignore")

    signals: dict[str, Signal]
    significance: Significance | None = None


@dataclass(frozen=True)
class SignalCatalog:
    """The signals by name, and in one sentence why the file cannot be read; empty where it can."""

    signals: Mapping[str, Signal]
    problem: str = ""


class SignalFile:
    """thresholds.yml, read again when it changes; while it cannot be read, what it said last holds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int] | None = None
        self._known = SignalCatalog({})

    def known(self) -> SignalCatalog:
        """What the file says now."""
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._known, self._stamp = SignalCatalog(_read_signals(self.path)), stamp
        except OSError as error:
            return self._still(f"thresholds_file is {self.path}, which cannot be read: {error.strerror}.")
        except yaml.YAMLError as error:
            return self._still(f"thresholds_file is {self.path}, which is no YAML{_error_line(error)}.")
        except ValidationError as error:
            return self._still(f"thresholds_file is {self.path}; {_error_sentence(error)}.")
        return self._known

    def _still(self, problem: str) -> SignalCatalog:
        return SignalCatalog(self._known.signals, problem)


def _read_signals(path: Path) -> dict[str, Signal]:
    file = _ThresholdsFile.model_validate(yaml.safe_load(path.read_bytes()))
    judged = {"significance": file.significance}
    return {name: it.model_copy(update=judged) if it.share else it for name, it in file.signals.items()}


def _error_line(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" at line {mark.line + 1}" if mark else ""


def _error_sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(step) for step in first["loc"]) or "its content"
    if first["type"] == "missing":
        return f"{place} is missing in it"
    return f"{place} is {first['input']!r} in it: {first['msg'][0].lower()}{first['msg'][1:]}"
