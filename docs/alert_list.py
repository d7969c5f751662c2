"""Every alert that the rules can raise, with what its page needs to know of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus import meta, slo
from prometheus.links import ALERTS
from prometheus.signal import Signal
from prometheus.thresholds import Thresholds

UNITS = {"seconds": " s", "per_second": " a second", "bytes": " bytes"}


@dataclass(frozen=True)
class Raised:
    """One alert: when it is raised, how gravely, and where it leads."""

    name: str
    when: str
    severities: tuple[str, ...]
    dashboard: str
    page: str = ALERTS


def raised(thresholds: Thresholds) -> Iterator[Raised]:
    """Every alert, in the order of thresholds.yml, then those of objectives, then those of the watching."""
    for signal in thresholds.signals.values():
        severities = tuple(signal.levels.given())
        yield Raised(signal.alert, when(signal), severities, signal.dashboard, signal.action)
    severities = tuple(dict.fromkeys(burn.severity for burn in thresholds.burns))
    for name, objective in thresholds.slos.items():
        promise = f"{objective.meaning} Promised: {100 * objective.objective:.4g} %."
        yield Raised(slo.alert_name(name), promise, severities, objective.dashboard)
    for watch in meta.WATCHES:
        yield Raised(watch.alert, f"`{watch.expr}`{held(watch.hold)}.", (watch.severity,), "stack")


def when(signal: Signal) -> str:
    """The level from which each severity is raised, in words."""
    if signal.unit == "state":
        so = "so" if signal.direction == "above" else "not so"
        return f"{signal.meaning} Raised when that is {so}{held(signal.hold)}."
    given = signal.levels.given().items()
    levels = ", ".join(f"{severity} {shown(level, signal)}" for severity, level in given)
    return f"{signal.meaning} Raised when {signal.direction}: {levels}{held(signal.hold)}."


def held(hold: str) -> str:
    """How long it must last."""
    return "" if hold == "0s" else f", for {hold}"


def shown(level: float, signal: Signal) -> str:
    """A level with its unit."""
    if signal.unit == "ratio":
        return f"{100 * level:g} %"
    return f"{level:.10g}{UNITS.get(signal.unit, '')}"
