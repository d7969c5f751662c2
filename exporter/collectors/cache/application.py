"""The cache as the backend's processes count it, which says nothing about the server."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Counter
from exporter.sources import Sources

HITS = Counter("ops_cache_hits_total", "Look-ups of the backend that found a value in the cache.")
MISSES = Counter("ops_cache_misses_total", "Look-ups of the backend that found none.")
INVALIDATIONS = Counter("ops_cache_invalidations_total", "Values that the backend removed from the cache.")
APPLICATION_METRICS = (HITS, MISSES, INVALIDATIONS)


async def read_application(sources: Sources) -> Iterable[Metric]:
    """The counts of /cache/stats; the ratio is left to queries, which know over which time."""
    counts = await sources.backend.cache.answer()
    return HITS.one(counts.hits), MISSES.one(counts.misses), INVALIDATIONS.one(counts.invalidations)
