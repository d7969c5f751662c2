"""Whether the Redis server with the ingestion queue answers."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge
from exporter.sources import Sources

UP = Gauge("ops_ingestion_redis_up", "Whether the server with the ingestion queue answered our own PING.")
PING_METRICS = (UP,)


async def read_ping(sources: Sources) -> Iterable[Metric]:
    """1 or 0, from our own PING and from nothing else."""
    return (UP.one(float(await sources.ingestion.ping.works())),)
