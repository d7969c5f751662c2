"""Requests of the API since the backend started: few series, fit to be read several times a second."""

from collections.abc import Iterable, Iterator

from prometheus_client import Metric

from exporter.bounds import OTHER
from exporter.metrics import Counter, Gauge, Histogram
from exporter.sources import Sources
from exporter.sources.backend.totals import RequestTotals

REQUESTS = Counter(
    "ops_http_requests_total",
    "Requests to the module by class of HTTP status; requests to health routes count for monitoring.",
    ("module", "code"),
)
ERRORS = Counter(
    "ops_http_request_errors_total", "Requests to the module that ended in a server error (5xx).", ("module",)
)
DURATION = Histogram(
    "ops_http_request_duration_seconds",
    "Time that requests took, less /health and /workers/status of monitoring, which take seconds by design.",
    ("module",),
)
IN_PROGRESS = Gauge(
    "ops_http_requests_in_progress", "Requests to the module that are being answered.", ("module",)
)
TOTALS_METRICS = (REQUESTS, ERRORS, DURATION, IN_PROGRESS)
STATUS_CLASSES = ("2xx", "3xx", "4xx", "5xx")


async def read_totals(sources: Sources) -> Iterable[Metric]:
    """The totals by module; a module that nobody has asked is at 0 as soon as the backend counts anything."""
    totals = await sources.backend.totals.answer()
    modules = [module.name for module in sources.settings.modules]
    asked = dict(request_counts(totals, modules))
    errors = totals.errors() if totals.counts else {}
    durations = totals.durations.items() if totals.counts else ()
    return (
        REQUESTS.of((*labels, count) for labels, count in asked.items()),
        ERRORS.of((module, errors.get(module, 0.0)) for module in dict.fromkeys(m for m, _ in asked)),
        DURATION.of(((module,), spread) for module, spread in durations),
        IN_PROGRESS.of((module, count) for module, count in totals.in_progress.items()),
    )


def request_counts(totals: RequestTotals, modules: Iterable[str]) -> Iterator[tuple[tuple[str, str], float]]:
    """Requests by module and class, those that are 0 among them; none where the backend does not count."""
    if not totals.counts:
        return
    for module in (*modules, OTHER):
        for code in STATUS_CLASSES:
            yield (module, code), totals.requests.get((module, code), 0.0)
    yield from totals.requests.items()
