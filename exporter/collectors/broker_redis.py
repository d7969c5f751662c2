"""The broker's Redis server, where it is not the cache's: the same metrics, on a page of its own."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.collector import Collector, Part
from exporter.collectors.cache import PING_METRICS, UP
from exporter.collectors.redis_server import server_parts
from exporter.errors import NotConfigured, SourceError
from exporter.sources import Sources
from exporter.sources.redis_server import RedisServerSource


async def broker_server(sources: Sources) -> RedisServerSource:
    """The broker's server. Raises NotConfigured where the cache's is the same, by address or by its run."""
    broker, cache = sources.broker.server, sources.cache.server
    if not broker.info.configured:
        raise NotConfigured("the broker has no Redis server of its own")
    run = await run_id(broker)
    if run is not None and run == await run_id(cache):
        raise NotConfigured("the broker is on the cache's Redis server")
    return broker


async def run_id(server: RedisServerSource) -> object:
    """What a server calls its present run; None where it is unknown."""
    try:
        return (await server.info.get()).info.at("run_id")
    except SourceError:
        return None


async def read_ping(sources: Sources) -> Iterable[Metric]:
    """1 or 0, from our own PING only."""
    await broker_server(sources)
    return (UP.single(float(await sources.broker.ping.is_responding())),)


BROKER_REDIS = Collector(
    "broker_redis",
    "the broker's Redis server under the names of the cache's, which it must not share a page with",
    (Part("ping", read_ping, PING_METRICS), *server_parts(broker_server)),
    alone=True,
)
