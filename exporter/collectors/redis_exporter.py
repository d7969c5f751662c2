"""The polls of the cache's server, under the names by which redis_exporter reports of itself."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.cardinality import sanitize_label
from exporter.errors import NotConfigured, SourceError
from exporter.metrics import Counter, Gauge, Summary, SummaryData
from exporter.sources import Sources

ERROR = Gauge("redis_exporter_last_scrape_error", "Whether the last poll of INFO failed, and why.", ("err",))
LAST_DURATION = Gauge("redis_exporter_last_scrape_duration_seconds", "Duration of the last poll of INFO.")
POLLS = Counter("redis_exporter_scrapes_total", "Polls of INFO.")
DURATION = Summary(
    "redis_exporter_scrape_duration_seconds", "Time for which polls of INFO kept the server busy."
)
KEYS_DURATION = Gauge(
    "redis_last_key_groups_scrape_duration_milliseconds", "Duration of the last scan of the keys."
)
METRICS = (ERROR, LAST_DURATION, POLLS, DURATION, KEYS_DURATION)


async def read_exporter(sources: Sources) -> Iterable[Metric]:
    """The polls so far. Raises NotConfigured without a cache."""
    info, keys = sources.cache.server.info, sources.cache.keys
    if not info.configured:
        raise NotConfigured("cache INFO is not configured")
    requests, seconds = poll_totals(sources, info.query)
    return (
        ERROR.single(float(info.error is not None), error_text(info.error)),
        LAST_DURATION.single(info.seconds),
        POLLS.single(requests),
        DURATION.family([((), SummaryData({}, seconds, requests))]),
        KEYS_DURATION.single(None if keys.seconds is None else keys.seconds * 1000),
    )


def error_text(error: SourceError | None) -> str:
    """The error as a label, empty for none."""
    return "" if error is None else sanitize_label(str(error))


def poll_totals(sources: Sources, query: str) -> tuple[float, float]:
    """How often the cache was polled so, and for how many seconds that kept it busy."""
    cache = next(it for it in sources.footprints if it.source == "cache")
    return next(((float(n), seconds) for name, n, seconds in cache.totals() if name == query), (0.0, 0.0))
