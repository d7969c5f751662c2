"""The backend's own timings: its instrumented methods and its slow queries."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Counter
from exporter.sources import Sources

METHOD_CALLS = Counter("ops_backend_method_calls_total", "Calls of the instrumented method.", ("method",))
METHOD_SECONDS = Counter(
    "ops_backend_method_seconds_total", "Time spent in the instrumented method, by its average.", ("method",)
)
SLOW_QUERIES = Counter("ops_backend_slow_queries_total", "Database queries that the backend counts as slow.")
PERFORMANCE_METRICS = (METHOD_CALLS, METHOD_SECONDS, SLOW_QUERIES)


async def read_performance(sources: Sources) -> Iterable[Metric]:
    """What /performance counts; the first methods seen keep their names, later ones are `other`."""
    found = await sources.backend.performance.answer()
    return (
        METHOD_CALLS.of(found.calls.items()),
        METHOD_SECONDS.of(found.seconds.items()),
        SLOW_QUERIES.one(found.slow_queries),
    )
