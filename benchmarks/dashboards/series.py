"""Every series that a dashboard may read, with its course: the exporter's, recorded ones, those around."""

import re
from collections.abc import Iterable, Iterator, Mapping

from benchmarks.dashboards import unusual
from benchmarks.dashboards.recorded_series import alerts, recorded
from benchmarks.dashboards.synthetic_series import EXPORTER, Series
from benchmarks.dashboards.values import VALUES, combinations
from exporter.inventory import list_metrics
from exporter.metrics import MetricDesc, StateGauge

BUCKETS = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "+Inf")
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
    if name == "pg_settings_superuser_reserved_connections":
        return 0.01  # less than all of them
    return 1.0 if re.search("_(up|success|disagrees|unconsumed)", name) else 0.1 + place / 50
