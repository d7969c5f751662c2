"""Every alert that the rules can raise, with what its page needs to know of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus import meta_alerts, slo
from prometheus.annotations import ALERTS
from prometheus.thresholds import Signal, Thresholds

UNITS = {"seconds": " s", "per_second": " a second", "bytes": " bytes"}


@dataclass(frozen=True)
class AlertSummary:
    """One alert: when it is raised, how gravely, and where it leads."""

    name: str
    when: str
    severities: tuple[str, ...]
    dashboard: str
    page: str = ALERTS


def alert_summaries(thresholds: Thresholds) -> Iterator[AlertSummary]:
    """Every alert, in the order of thresholds.yml, then those of objectives, then those of the watching."""
    for signal in thresholds.signals.values():
        severities = tuple(signal.levels.given())
        yield AlertSummary(
            signal.alert, firing_condition(signal), severities, signal.dashboard, signal.action
        )
    severities = tuple(dict.fromkeys(burn.severity for burn in thresholds.burns))
    for name, objective in thresholds.slos.items():
        promise = f"{objective.meaning} Promised: {100 * objective.objective:.4g} %."
        yield AlertSummary(slo.alert_name(name), promise, severities, objective.dashboard)
    for watch in meta_alerts.META_ALERTS:
        yield AlertSummary(watch.alert, f"`{watch.expr}`{hold_text(watch.hold)}.", (watch.severity,), "stack")


def firing_condition(signal: Signal) -> str:
    """The level from which each severity is raised, in words."""
    if signal.unit == "state":
        so = "so" if signal.direction == "above" else "not so"
        return f"{signal.meaning} Raised when that is {so}{hold_text(signal.hold)}."
    given = signal.levels.given().items()
    levels = ", ".join(f"{severity} {level_text(level, signal)}" for severity, level in given)
    return f"{signal.meaning} Raised when {signal.direction}: {levels}{hold_text(signal.hold)}."


def hold_text(hold: str) -> str:
    """How long it must last."""
    return "" if hold == "0s" else f", for {hold}"


def level_text(level: float, signal: Signal) -> str:
    """A level with its unit."""
    if signal.unit == "ratio":
        return f"{100 * level:g} %"
    return f"{level:.10g}{UNITS.get(signal.unit, '')}"
