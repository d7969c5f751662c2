"""The API: whether it responds, its requests by module, its processes, its timed methods."""

import time
from collections.abc import Iterable, Iterator

from prometheus_client import Metric

from exporter.cardinality import OTHER
from exporter.collector import Collector, Part
from exporter.metrics import Counter, Gauge, Histogram
from exporter.sources import Sources
from exporter.sources.backend.recovery import JUDGED_SECONDS
from exporter.sources.backend.request_totals import RequestTotals

UP = Gauge(
    "ops_backend_up",
    "Whether the backend responds, with any HTTP status of its own. A refused connection counts at once. "
    "Silence, and a proxy's 502, 503 or 504, count after three pings.",
)
WEDGED = Gauge(
    "ops_backend_wedged",
    "Whether the backend accepts connections and sends no response, as with a blocked event loop.",
)
EXPORTER_STARTED = Gauge("ops_exporter_start_time_seconds", "Unix time at which the exporter started.")
UP_METRICS = (UP, WEDGED, EXPORTER_STARTED)
STARTED_AT = time.time()


async def read_up(sources: Sources) -> Iterable[Metric]:
    """The state by our own pings. It is absent before the first verdict."""
    backend = sources.backend
    up, wedged = await backend.is_up(), backend.is_wedged()
    return (
        UP.single(None if up is None else float(up)),
        WEDGED.single(None if wedged is None else float(wedged)),
        EXPORTER_STARTED.single(STARTED_AT),
    )


REQUESTS = Counter(
    "ops_http_requests_total",
    "Requests to the module by class of HTTP status. Requests to health routes count for monitoring.",
    ("module", "code"),
)
# a quarter of the series by class, for the scrape that comes four times a second
BY_MODULE = Counter(
    "ops_http_module_requests_total", "Requests to the module, of all classes of HTTP status.", ("module",)
)
ERRORS = Counter(
    "ops_http_request_errors_total", "Requests to the module that ended in a server error (5xx).", ("module",)
)
DURATION = Histogram(
    "ops_http_request_duration_seconds",
    "Duration of requests, without /health and /workers/status, which take seconds by design.",
    ("module",),
)
IN_PROGRESS = Gauge("ops_http_requests_in_progress", "Requests to the module in progress.", ("module",))
READINGS = Counter(
    "ops_backend_metrics_readings_total",
    "Readings of the backend's page of metrics, which counts its requests.",
)
RECOVERING = Gauge(
    "ops_backend_recovering",
    f"Whether backend, database, Redis or broker responded again within the last {JUDGED_SECONDS:g} seconds, "
    "a full pool had connections again, or the exporter started. Requests that waited end late or fail.",
)
TOTALS_METRICS = (REQUESTS, BY_MODULE, ERRORS, DURATION, IN_PROGRESS, READINGS, RECOVERING)
STATUS_CLASSES = ("2xx", "3xx", "4xx", "5xx")


async def read_totals(sources: Sources) -> Iterable[Metric]:
    """The totals by module. A module without requests is 0 as soon as the backend counts any."""
    backend = sources.backend
    totals = await backend.totals.get()
    modules = [module.name for module in sources.settings.modules]
    counts = dict(request_counts(totals, modules))
    every, errors = totals.requests_by_module(), totals.errors_by_module()
    counted = dict.fromkeys(module for module, _ in counts)
    durations = totals.durations.items() if totals.counts_requests else ()
    return (
        REQUESTS.family((*labels, count) for labels, count in counts.items()),
        BY_MODULE.family((module, every.get(module, 0.0)) for module in counted),
        ERRORS.family((module, errors.get(module, 0.0)) for module in counted),
        DURATION.family(((module,), spread) for module, spread in durations),
        IN_PROGRESS.family((module, count) for module, count in totals.in_progress.items()),
        READINGS.single(backend.reads),
        RECOVERING.single(float(backend.is_recovering())),
    )


def request_counts(totals: RequestTotals, modules: Iterable[str]) -> Iterator[tuple[tuple[str, str], float]]:
    """Requests by module and class, including zeros; none where the backend does not count."""
    if not totals.counts_requests:
        return
    for module in (*modules, OTHER):
        for code in STATUS_CLASSES:
            yield (module, code), totals.requests.get((module, code), 0.0)
    yield from totals.requests.items()


PROCESSES = Gauge("ops_backend_processes", "Server processes that responded within the last minute.")
PROCESS_STARTED = Gauge(
    "ops_backend_start_time_seconds", "Start time of the newest process of the backend (Unix time)."
)
MEMORY = Gauge("ops_backend_resident_memory_bytes", "Resident memory of the backend's processes.")
CPU = Counter("ops_backend_cpu_seconds_total", "CPU time of the backend's processes, user and system.")
OPEN_FILES = Gauge("ops_backend_open_file_descriptors", "Open file descriptors of the backend's processes.")
MAX_FILES = Gauge("ops_backend_max_file_descriptors", "File descriptors that one process may open.")
PROCESS_METRICS = (PROCESSES, PROCESS_STARTED, MEMORY, CPU, OPEN_FILES, MAX_FILES)


async def read_process(sources: Sources) -> Iterable[Metric]:
    """The processes as the backend's own /metrics reports them."""
    totals = await sources.backend.totals.get()
    return (
        PROCESSES.single(totals.processes),
        PROCESS_STARTED.single(totals.started),
        MEMORY.single(totals.memory),
        CPU.single(totals.cpu_seconds),
        OPEN_FILES.single(totals.open_files),
        MAX_FILES.single(totals.max_files),
    )


METHOD_CALLS = Counter("ops_backend_method_calls_total", "Calls of the instrumented method.", ("method",))
METHOD_SECONDS = Counter(
    "ops_backend_method_seconds_total",
    "Time spent in the instrumented method: its calls times its average.",
    ("method",),
)
SLOW_QUERIES = Counter("ops_backend_slow_queries_total", "Database queries that the backend counts as slow.")
PERFORMANCE_METRICS = (METHOD_CALLS, METHOD_SECONDS, SLOW_QUERIES)


async def read_performance(sources: Sources) -> Iterable[Metric]:
    """The counts of /performance. Methods beyond the limit are `other`."""
    found = await sources.backend.performance.get()
    return (
        METHOD_CALLS.family(found.calls.items()),
        METHOD_SECONDS.family(found.seconds.items()),
        SLOW_QUERIES.single(found.slow_queries),
    )


API = Collector(
    "api",
    "requests, errors and latency by module; the backend's processes and methods",
    (
        Part("up", read_up, UP_METRICS),
        Part("totals", read_totals, TOTALS_METRICS),
        Part("process", read_process, PROCESS_METRICS),
        Part("performance", read_performance, PERFORMANCE_METRICS),
    ),
)
