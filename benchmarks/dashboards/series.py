"""Every series that a dashboard may read, with its course: the exporter's, recorded ones, those around."""

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import yaml

from benchmarks.dashboards import unusual
from benchmarks.dashboards.prometheus_client import GENERATED, SCRAPE
from benchmarks.dashboards.values import VALUES, combinations
from exporter.inventory import list_metrics
from exporter.metrics import MetricDesc, StateGauge
from grafana.levels import thresholds
from prometheus.module_status import LAST_HEALTHY, MODULE_STATUS, STATUS_LABEL
from prometheus.panel_rules import STRONG
from prometheus.thresholds import Signal

RULES = GENERATED.parents[1] / "prometheus" / "rules"
BUCKETS = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "+Inf")
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
    **{it: ("instance", it) for it in ("method", "event", "cmd", "relname", "collector", "handler")},
}
# seconds of the intervals of rules
PERIODS = {"250ms": 1, "1s": 1, "5s": 5, "15s": 15, "30s": 30, "1m": 60, "2m": 120}
# recorded states: how grave a signal is, and how a module
STATES_OF = ("ops:signal:severity", "ops:module:status")
EXPORTER = {"job": "exporter", "instance": "127.0.0.1:9810"}
HOUR, DAY, SELDOM = 3_600, 86_400, 600
BEGAN = time.time()
# seconds in which a wave goes on by one radian
WAVE_SECONDS = 20_000
# the states that some of them take in turn, so that there are changes to see
TURNING = ("healthy", "degraded")
SERVICE = {"job": "service", "instance": "127.0.0.1:8090"}
OF_TARGETS = ("up", "scrape_duration_seconds", "scrape_samples_scraped", "process_resident_memory_bytes")
JOBS = ("exporter", "exporter-fast", "backend", "service", "prometheus", "alertmanager")
# words of names whose value is a moment, a state, or only rises
MOMENT, RISES = (
    re.compile("timestamp_seconds|ALERTS_FOR|start_time"),
    re.compile("_(total|bucket|count|sum)$"),
)
UNTYPED = re.compile("_(xact_|blks_|tup_|deadlocks|seq_scan|idx_scan)")


@dataclass(frozen=True)
class Series:
    """One series and how it goes: a count that rises, a wave, a moment, a constant, 0 and 1 in turn.

    What is seldom there is so for ten minutes of a day, and in the last hour; what worsens was 0 before.
    """

    name: str
    labels: Mapping[str, str]
    course: str = "wave"
    size: float = 1.0
    # seconds between two samples
    period: int = SCRAPE

    def there(self, seconds: float) -> bool:
        """Whether it has a sample at a Unix time."""
        return not self.course.startswith("seldom") or seconds % DAY < SELDOM or seconds > BEGAN - HOUR

    def at(self, seconds: float) -> float:
        """Its value at a Unix time."""
        if self.course == "rising":
            return self.rising(seconds)
        if self.course in ("seldom", "worsening"):
            return float(seconds >= BEGAN - HOUR / 4 or self.course == "seldom") * self.size
        if self.course.endswith("moment"):
            return seconds // 300 * 300 - 30 * self.size
        if self.course == "constant":
            return self.size
        if self.course == "turning":
            return (seconds // 1800 + self.size) % 2
        return round(self.size * (1.1 + math.sin(seconds / WAVE_SECONDS + self.size * 7)), 4)

    def rising(self, seconds: float) -> float:
        """The count at a Unix time; a week of seconds, so that it has no more digits than a real counter."""
        return round(self.size * (seconds % 1e7), 3)


def every() -> list[Series]:
    """All of them, each once: the exporter shows some that all processes show."""
    found = [*exported(), *watched(), *recorded(), *alerts(), *around(), *served()]
    return list({(it.name, *sorted(it.labels.items())): it for it in found}.values())


def read(exprs: Iterable[str]) -> list[Series]:
    """Those that one of these queries reads."""
    words = {word for expr in exprs for word in re.findall(r"[a-zA-Z_:][\w:]*", expr)}
    return [it for it in every() if it.name in words]


def exported() -> Iterator[Series]:
    """What the exporter shows."""
    for it in {each.metric.name: each.metric for each in list_metrics()}.values():
        if not it.name.startswith(unusual.BEGINNING):
            yield from of_metric(it)


def watched() -> Iterator[Series]:
    """What it says of watched signals, and these themselves."""
    for name, labels, value in unusual.samples():
        kept = {label: text for label, text in labels.items() if text}
        yield Series(name, {**kept, **EXPORTER}, "constant", value)


def of_metric(metric: MetricDesc) -> Iterator[Series]:
    """The series of one metric of the exporter."""
    if isinstance(metric, StateGauge):
        yield from of_states(metric)
    elif metric.kind in ("histogram", "summary"):
        yield from of_distribution(metric)
    else:
        for place, labels in enumerate(combinations(metric.name, metric.labels)):
            yield Series(metric.name, {**labels, **EXPORTER}, course_of(metric), size_of(metric.name, place))


def of_states(metric: StateGauge) -> Iterator[Series]:
    """One series a state, of which one holds."""
    *others, label = metric.labels
    for place, labels in enumerate(combinations(metric.name, tuple(others))):
        holds = metric.states[place % 3 and len(metric.states) - place % 3]
        for state in metric.states:
            own = {**labels, label: state, **EXPORTER}
            if place in (1, 2) and state in TURNING:
                yield Series(metric.name, own, "turning", float(TURNING.index(state) + place))
            else:
                yield Series(metric.name, own, "constant", float(state == holds and place not in (1, 2)))


def of_distribution(metric: MetricDesc) -> Iterator[Series]:
    """Buckets or quantiles, sum and count."""
    for place, labels in enumerate(combinations(metric.name, metric.labels)):
        own = {**labels, **EXPORTER}
        if metric.kind == "histogram":
            yield from buckets(f"{metric.name}_bucket", own, 0.1 + place / 20)
        else:
            for share in VALUES["quantile"]:
                yield Series(metric.name, {**own, "quantile": share}, size=0.001 * float(share))
        yield Series(f"{metric.name}_sum", own, "rising", 0.02)
        yield Series(f"{metric.name}_count", own, "rising", 0.2)


def buckets(name: str, labels: Mapping[str, str], rate: float) -> Iterator[Series]:
    """Cumulated buckets."""
    for place, bound in enumerate(BUCKETS):
        yield Series(name, {**labels, "le": bound}, "rising", rate * (place + 1) / len(BUCKETS))


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
    elif name.startswith("ops:alert:hides"):
        yield from (Series(name, it.labels, "seldom") for it in alerts() if it.name == "ALERTS")
    elif name == "ops:threshold":
        yield from (Series(name, it.labels, "constant", it.size) for it in levels())
    else:
        for place, it in enumerate(combinations(name, labels)):
            yield Series(name, {**it, **given}, size=0.1 + place / 100)


def states(name: str, given: Mapping[str, str], signal: Signal | None) -> Iterator[Series]:
    """A recorded state as its number, from 0 to 3."""
    by = signal.by if signal else ("module",)
    for place, labels in enumerate(combinations(name, by)):
        yield Series(name, {**labels, **given}, "worsening", float(place % 4))


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


def around() -> Iterator[Series]:
    """What the servers around show of themselves."""
    for place, job in enumerate(JOBS):
        own = {"job": job, "instance": f"127.0.0.1:{9000 + place}"} if job != "exporter" else EXPORTER
        for name in (
            "up",
            "scrape_duration_seconds",
            "scrape_samples_scraped",
            "process_resident_memory_bytes",
        ):
            yield Series(name, own, "constant", 1)
        yield Series("process_cpu_seconds_total", own, "rising", 0.1)
    for place in range(40):
        own = {"job": "backend", "instance": "b", "handler": f"/route/{place}", "method": "GET"}
        yield Series("http_requests_total", {**own, "status": "2xx"}, "rising", 0.3)
        yield Series("http_requests_total", {**own, "status": "5xx"}, "rising", 0.01)
        yield from buckets("http_request_duration_seconds_bucket", own, 0.3)
        yield Series("http_request_duration_seconds_count", own, "rising", 0.3)
    yield from of_prometheus()


def of_prometheus() -> Iterator[Series]:
    """What Prometheus and Alertmanager count."""
    own = {"job": "prometheus", "instance": "p"}
    for name in ("tsdb_head_samples_appended", "rule_evaluation_failures", "rule_group_iterations_missed",
                 "notifications_dropped"):  # fmt: skip
        yield Series(f"prometheus_{name}_total", own, "rising", 0.1)
    yield Series("prometheus_tsdb_head_series", own)
    for group in ("fast", "signals", "slo"):
        yield Series("prometheus_rule_group_last_duration_seconds", {**own, "rule_group": f"f.yml;{group}"})
    for server in ("prometheus", "alertmanager"):
        yield Series(f"{server}_config_last_reload_successful", own, "constant", 1)
    for name in ("notifications", "notifications_failed"):
        yield Series(
            f"alertmanager_{name}_total", {"job": "alertmanager", "integration": "webhook"}, "rising"
        )


def served() -> Iterator[Series]:
    """What the service shows."""
    for kind in ("ingestion", "embeddings"):
        yield Series("ops_service_jobs", {**SERVICE, "kind": kind, "state": "pending"})
        yield Series(
            "ops_service_jobs_ended_total", {**SERVICE, "kind": kind, "state": "complete"}, "rising", 0.01
        )
        yield from buckets("ops_service_job_duration_seconds_bucket", {**SERVICE, "kind": kind}, 0.01)
        yield Series("ops_service_job_duration_seconds_count", {**SERVICE, "kind": kind}, "rising", 0.01)
    yield Series("ops_service_oldest_waiting_seconds", SERVICE)
    yield Series("ops_service_workers", {**SERVICE, "type": "cloud", "status": "online"}, "constant", 1)
    yield Series("ops_service_http_requests_total", {**SERVICE, "status": "200"}, "rising", 1)


def course_of(metric: MetricDesc) -> str:
    """How a metric goes, by its kind and its name."""
    if MOMENT.search(metric.name):
        return "moment"
    rises = metric.kind == "counter" or (metric.kind == "untyped" and UNTYPED.search(metric.name))
    if rises:
        return "rising"
    return (
        "constant"
        if re.search("_(up|success|disagrees|unconsumed|verified|capacity)", metric.name)
        else "wave"
    )


def size_of(name: str, place: int) -> float:
    """A plausible size."""
    return 1.0 if re.search("_(up|success|disagrees|unconsumed)", name) else 0.1 + place / 50
