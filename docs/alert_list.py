"""All alerts of the rules, with what the pages show of each."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus import meta_alerts, slo
from prometheus.annotations import ALERTS
from prometheus.root_causes import inhibitor
from prometheus.thresholds import Signal, Thresholds

UNITS = {"seconds": " s", "per_second": " a second", "bytes": " bytes"}


@dataclass(frozen=True)
class AlertSummary:
    """One alert: when it fires, its severities and its links."""

    name: str
    when: str
    severities: tuple[str, ...]
    dashboard: str
    single_event: str
    page: str = ALERTS


def alert_summaries(thresholds: Thresholds) -> Iterator[AlertSummary]:
    """Every alert: of signals in the order of thresholds.yml, of SLOs, and about Watchroom itself."""
    for signal in thresholds.signals.values():
        severities = tuple(signal.levels.given())
        yield AlertSummary(
            signal.alert,
            firing_condition(signal),
            severities,
            signal.dashboard,
            signal.single_event,
            signal.action,
        )
    severities = tuple(dict.fromkeys(burn.severity for burn in thresholds.burns))
    for name, objective in thresholds.slos.items():
        promise = f"{objective.meaning} Objective: {100 * objective.objective:.4g} %."
        yield AlertSummary(slo.alert_name(name), promise, severities, objective.dashboard, slo.SINGLE_EVENT)
    for watch in (*meta_alerts.META_ALERTS, inhibitor("fast")):
        when = f"`{watch.expr}`{hold_text(watch.hold)}."
        yield AlertSummary(watch.alert, when, (watch.severity,), "stack", watch.single_event)


def firing_condition(signal: Signal) -> str:
    """The level of each severity in words."""
    if signal.unit == "state":
        answer = "yes" if signal.direction == "above" else "no"
        return f"{signal.meaning} Fires when the answer is {answer}{hold_text(signal.hold)}."
    given = signal.levels.given().items()
    levels = ", ".join(f"{severity} {level_text(level, signal)}" for severity, level in given)
    return f"{signal.meaning} Fires when {signal.direction}: {levels}{hold_text(signal.hold)}."


def hold_text(hold: str) -> str:
    """How long the condition must last, in words."""
    return "" if hold == "0s" else f", for {hold}"


def level_text(level: float, signal: Signal) -> str:
    """A level with its unit."""
    if signal.unit == "ratio":
        return f"{100 * level:g} %"
    return f"{level:.10g}{UNITS.get(signal.unit, '')}"
