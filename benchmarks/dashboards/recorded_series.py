"""The series that rules record, and the alerts that they raise."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import yaml

from alertmanager.inhibitions import CAUSE_INHIBITIONS
from benchmarks.dashboards import unusual
from benchmarks.dashboards.prometheus_client import GENERATED, SCRAPE
from benchmarks.dashboards.synthetic_series import EXPORTER, Series
from benchmarks.dashboards.values import combinations
from grafana.levels import thresholds
from prometheus.module_status import LAST_HEALTHY, MODULE_STATUS, STATUS_LABEL
from prometheus.panel_rules import BUSY_ROUTES, ROUTE_RATE, STRONG
from prometheus.root_causes import HIDES, HIDES_OTHERS
from prometheus.threshold_rules import SEVERITY, TOO_FEW_EVENTS
from prometheus.thresholds import Signal

RULES = GENERATED.parents[1] / "prometheus" / "rules"
# the labels of what is recorded, by the first word of its name
LEVELS: dict[str, tuple[str, ...]] = {
    "le": ("le",),
    "module": ("module",),
    "component": ("component",),
    "queue": ("queue",),
    "task": ("name",),
    "users_le": ("le",),
    "task_le": ("instance", "le", "name"),
    # the modules last, since the number of series is bounded
    "module_le": ("le", "module"),
    **dict.fromkeys(("any", "outcome"), ("instance",)),
    "exception": ("instance", "name", "queue_name", "exception"),
    **{
        it: ("instance", it)
        for it in ("method", "event", "cmd", "relname", "table", "queryid", "collector", "handler")
    },
}
# of which as many are recorded, though there are more
AT_MOST = {ROUTE_RATE: BUSY_ROUTES}
# seconds of the intervals of rules
PERIODS = {"250ms": 1, "1s": 1, "2s": 2, "5s": 5, "15s": 15, "30s": 30, "1m": 60, "2m": 120}
# recorded states: how grave a signal is, and how a module; and which signals are too few to judge
STATES_OF = (SEVERITY, MODULE_STATUS, TOO_FEW_EVENTS)


def recorded() -> Iterator[Series]:
    """What rules record, as often as their groups are evaluated."""
    for group in groups():
        period = max(SCRAPE, PERIODS[group["interval"]])
        for rule in group["rules"]:
            if "record" in rule:
                yield from (replace(it, period=period) for it in of_rule(rule))


def of_rule(rule: Mapping[str, Any]) -> Iterator[Series]:
    """What one rule records, by the level that begins its name."""
    name, given = rule["record"], rule.get("labels", {})
    signal = thresholds().signals.get(given.get("signal", ""))
    labels = signal.by if signal and name == "ops:signal" else LEVELS.get(name.partition(":")[0], ())
    if name.startswith("ops:signal:change"):
        yield from (Series(name, dict(it.labels), size=0.1) for it in signals())
    elif name.startswith("slo:") and not given:
        yield from (Series(name, {"slo": slo}, size=0.01) for slo in thresholds().slos)
    elif name in STATES_OF:
        yield from states(name, given, signal)
    elif name in OF_STATES:
        yield from OF_STATES[name](name)
    elif name in (HIDES, HIDES_OTHERS):
        yield from (Series(name, it.labels, "seldom") for it in alerts() if is_counted(name, it))
    elif name == "ops:threshold":
        yield from (Series(name, it.labels, "constant", it.size) for it in levels())
    else:
        for place, it in enumerate(combinations(name, labels)[: AT_MOST.get(name)]):
            yield Series(name, {**it, **given}, size=0.1 + place / 100)


def is_counted(name: str, alert: Series) -> bool:
    """Whether a rule counts what this alert hides; only a cause hides alerts of another name."""
    is_cause = alert.labels["alertname"] in {it.source for it in CAUSE_INHIBITIONS}
    return alert.name == "ALERTS" and (name == HIDES or is_cause)


def states(name: str, given: Mapping[str, str], signal: Signal | None) -> Iterator[Series]:
    """A recorded state as its number, from 0 to 3; what is too few is there for a while."""
    by = signal.by if signal else ("module",)
    for place, labels in enumerate(combinations(name, by)):
        course, size = ("seldom", 1.0) if name == TOO_FEW_EVENTS else ("worsening", float(place % 4))
        yield Series(name, {**labels, **given}, course, size)


def strongly_unusual(name: str) -> Iterator[Series]:
    """Which way watched signals left their band that did."""
    for metric, labels, value in unusual.samples():
        if metric == "ops_anomaly_direction" and value:
            kept = {label: labels[label] for label in ("signal", "part") if labels[label]}
            yield Series(name, {**kept, "instance": EXPORTER["instance"]}, "constant", value)


def labelled(name: str) -> Iterator[Series]:
    """Modules with the number of their status as a label."""
    for place, it in enumerate(combinations(name, ("module",))):
        yield Series(name, {**it, "code": str(place % 4)}, "constant")


def last_healthy(name: str) -> Iterator[Series]:
    """When all, or each module, was last healthy."""
    labels = ("module",) if name == LAST_HEALTHY[MODULE_STATUS] else ()
    yield from (Series(name, it, "moment", 10) for it in combinations(name, labels))


# what stands for a state otherwise than by a number from 0 to 3
OF_STATES: Mapping[str, Callable[[str], Iterator[Series]]] = {
    STRONG: strongly_unusual,
    STATUS_LABEL: labelled,
    **dict.fromkeys(LAST_HEALTHY.values(), last_healthy),
}


def groups() -> Iterator[dict[str, Any]]:
    """The groups of rules, each as it stands in its file."""
    for file in sorted(RULES.glob("*.yml")):
        yield from yaml.safe_load(file.read_text())["groups"]


def signals() -> Iterator[Series]:
    """The value of each signal."""
    for name, signal in thresholds().signals.items():
        for place, labels in enumerate(combinations("ops:signal", signal.by)):
            yield Series("ops:signal", {**labels, "signal": name}, size=0.1 + place / 100)


def levels() -> Iterator[Series]:
    """The levels of the file."""
    for name, signal in thresholds().signals.items():
        for severity, level in signal.levels.given().items():
            yield Series("ops:threshold", {"signal": name, "severity": severity}, "constant", level)


def alerts() -> Iterator[Series]:
    """Alerts that fire, some about modules."""
    firing = {"alertstate": "firing"}
    for name, signal in thresholds().signals.items():
        pairs = zip(combinations("ALERTS", signal.by)[:2] * 2, ("critical", "warning"), strict=False)
        for labels, severity in pairs:
            own = {**labels, "alertname": signal.alert, "signal": name, "severity": severity}
            yield Series("ALERTS", {**own, **firing}, "seldom")
            yield Series("ALERTS_FOR_STATE", own, "seldom moment", 10)
    search = {"alertname": "ModuleDegraded", "signal": "module_degraded", "module": "search"}
    burns = {"alertname": "ApiAvailabilityBudgetBurns", "slo": "api_availability", "window": "1h"}
    for own, severity in product((search, burns), ("warning", "critical")):
        yield Series("ALERTS", {**own, **firing, "severity": severity}, "seldom")
        yield Series("ALERTS_FOR_STATE", {**own, "severity": severity}, "seldom moment", 10)
    yield Series("ALERTS", {"alertname": "Watchdog", "severity": "info", **firing}, "constant", 1)
