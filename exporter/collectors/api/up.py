"""Whether the backend answers us, and whether it is wedged."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge
from exporter.sources import Sources

UP = Gauge(
    "ops_backend_up", "Whether the backend answered any of our own quick requests, with whatever HTTP status."
)
WEDGED = Gauge(
    "ops_backend_wedged",
    "Whether a route that asks the workers gave no answer at all when last asked, as with a frozen Redis.",
)
METRICS = (UP, WEDGED)


async def read(sources: Sources) -> Iterable[Metric]:
    """Both from our own requests; wedged is missing while neither slow route was ever tried to the end."""
    backend = sources.backend
    wedged = backend.wedged()
    return UP.one(float(await backend.answers())), WEDGED.one(None if wedged is None else float(wedged))
