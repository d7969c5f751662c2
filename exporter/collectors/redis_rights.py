"""Whether the Redis user may run the commands that the exporter sends."""

from collections.abc import Iterable, Sequence

from prometheus_client import Metric

from exporter.errors import NotConfigured, RequestFailed
from exporter.metrics import Gauge
from exporter.sources import Sources

COMPLETE = Gauge(
    "ops_redis_rights_complete",
    "Whether the Redis user may run every command of the exporter. If not, this is absent, the part fails and"
    " the log names the missing rights.",
    ("source",),
)
METRICS = (COMPLETE,)


def rights_family(source: str, configured: bool, refusals: Sequence[str]) -> Iterable[Metric]:
    """The family. Raises RequestFailed with the missing rights, NotConfigured without a server."""
    if not configured:
        raise NotConfigured(f"{source} is not configured")
    if refusals:
        raise RequestFailed("; ".join(sorted(set(refusals))[:4]))
    return (COMPLETE.single(1.0, source),)


async def read_cache_rights(sources: Sources) -> Iterable[Metric]:
    """The rights of the cache's user."""
    return rights_family("cache", sources.cache.client is not None, sources.cache.permission_errors)


async def read_broker_rights(sources: Sources) -> Iterable[Metric]:
    """The rights of the broker's user and of the result backend's."""
    return rights_family("broker", sources.broker.ping.configured, sources.broker.permission_errors)


async def read_ingestion_rights(sources: Sources) -> Iterable[Metric]:
    """The rights of the ingestion queue's user."""
    return rights_family(
        "ingestion", sources.ingestion.client is not None, sources.ingestion.permission_errors
    )
