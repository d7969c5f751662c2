"""The backend's own timings: its instrumented methods and its slow queries."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Counter
from exporter.sources import Sources

CALLS = Counter("ops_backend_method_calls_total", "Calls of the instrumented method.", ("method",))
SECONDS = Counter(
    "ops_backend_method_seconds_total", "Time spent in the instrumented method, by its average.", ("method",)
)
SLOW = Counter("ops_backend_slow_queries_total", "Database queries that the backend counts as slow.")
METRICS = (CALLS, SECONDS, SLOW)


async def read(sources: Sources) -> Iterable[Metric]:
    """What /performance counts; the first methods seen keep their names, later ones are `other`."""
    found = await sources.backend.performance.answer()
    return CALLS.of(found.calls.items()), SECONDS.of(found.seconds.items()), SLOW.one(found.slow_queries)
