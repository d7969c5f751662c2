"""The exporter's own footprint: its requests to each source, and their cost."""

from collections.abc import Iterable

from prometheus_client import Metric, ProcessCollector

from exporter.collector import Collector, Part
from exporter.metrics import Counter, Gauge
from exporter.sources import Sources

REQUESTS = Counter(
    "ops_own_requests_total", "Requests of the exporter to the source, by query.", ("source", "query")
)
SECONDS = Counter(
    "ops_own_seconds_total",
    "Time for which requests of the exporter kept the source busy, as far as observable.",
    ("source", "query"),
)
SHARE = Gauge(
    "ops_own_share_ratio",
    "Share of the last minute in which requests of the exporter kept the source busy.",
    ("source",),
)
BUDGET = Gauge(
    "ops_own_budget_ratio",
    "Share of the source's time that the exporter may use. Prometheus and the service have no budget.",
    ("source",),
)
STRETCH = Gauge(
    "ops_own_stretch_ratio",
    "Factor by which the interval of the most expensive query is stretched to keep the budget; 1 is none.",
    ("source",),
)
METRICS = (REQUESTS, SECONDS, SHARE, BUDGET, STRETCH)
PROCESS_METRICS = (
    Gauge("process_virtual_memory_bytes", "Virtual memory of the exporter."),
    Gauge("process_resident_memory_bytes", "Resident memory of the exporter."),
    Gauge("process_start_time_seconds", "Unix time at which the exporter started."),
    Counter("process_cpu_seconds_total", "CPU time of the exporter, user and system."),
    Gauge("process_open_fds", "Open file descriptors of the exporter."),
    Gauge("process_max_fds", "File descriptors that the exporter may open."),
)


async def read(sources: Sources) -> Iterable[Metric]:
    """Every source that was ever polled."""
    sent = [(it.source, *totals) for it in sources.footprints for totals in it.totals()]
    polled = [it for it in sources.footprints if any(True for _ in it.totals())]
    budgeted = [it for it in polled if it.budget is not None]
    return (
        REQUESTS.family((source, query, float(count)) for source, query, count, _ in sent),
        SECONDS.family((source, query, seconds) for source, query, _, seconds in sent),
        SHARE.family((it.source, it.share()) for it in polled),
        BUDGET.family((it.source, it.budget) for it in budgeted),
        STRETCH.family((it.source, it.stretch) for it in budgeted),
    )


async def read_process(_: Sources) -> Iterable[Metric]:
    """The exporter's process, under the names that every client library has for it, on Linux."""
    return list(ProcessCollector(registry=None).collect())


OWN = Collector(
    "own",
    "the exporter itself: its requests, their cost, the budget of each source; its process",
    (Part("footprint", read, METRICS), Part("process", read_process, PROCESS_METRICS)),
)
