"""How often users have searched."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Counter
from exporter.sources import Sources

SEARCHES = Counter(
    "ops_engagement_searches_total",
    "Requests that the search module answered with success, without health checks.",
)
SEARCHES_METRICS = (SEARCHES,)


async def read_searches(sources: Sources) -> Iterable[Metric]:
    """No table holds the searches and not every version emits an event for them, but each is a request."""
    totals = await sources.backend.totals.answer()
    searched = totals.requests.get(("search", "2xx"), 0.0)
    is_module = any(module.name == "search" for module in sources.settings.modules)
    return (SEARCHES.one(searched if is_module and totals.counts else None),)
