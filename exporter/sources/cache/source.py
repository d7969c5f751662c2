"""What is asked of the Redis server that is the backend's cache."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from exporter.pace import Pace
from exporter.question import Question
from exporter.settings import Redis as RedisSettings
from exporter.sources.asked import Asked
from exporter.sources.cache.answers import Server, server
from exporter.sources.cache.keys import Pass
from exporter.sources.redis_client import connect, replies, said

T = TypeVar("T")


class Cache(Asked):
    """The questions put to the cache server."""

    def __init__(self, settings: RedisSettings) -> None:
        self.client = connect(settings.url, settings.timeout) if settings.url else None
        self.settings = settings
        fast = Pace(settings.timeout, at_most_every=settings.fast_period)
        self.ping = Question("cache PING", self.command(lambda redis: redis.ping()), fast)
        period = settings.keys_period
        longest = settings.keys_seconds + 2 * settings.timeout
        walk = Pace(longest, every=period, rest=period / 8, longest_rest=period)
        self.keys = Question("cache keys", self.command(lambda redis: Pass(redis, settings).walk()), walk)
        self.server = Question("cache INFO", self.command(ask_server), fast)

    @property
    def database(self) -> str:
        """The database that the URL names, as redis_exporter names it."""
        return f"db{self.client.connection_pool.connection_kwargs.get('db', 0) if self.client else 0}"

    def command(self, ask: Callable[[Redis], Awaitable[T]]) -> Callable[[], Awaitable[T]] | None:
        """The question that runs this command; None without a server."""
        client = self.client
        if client is None:
            return None

        async def run() -> T:
            try:
                return await ask(client)
            except RedisError as error:
                raise said("cache", error) from None

        return run

    async def close(self) -> None:
        """Close the connections."""
        if self.client is not None:
            await self.client.aclose()


async def ask_server(redis: Redis) -> Server:
    """INFO with all its sections, the slow log and the latency spikes, in one round trip."""
    commands = [("INFO", "all"), ("SLOWLOG", "LEN"), ("SLOWLOG", "GET", 1), ("LATENCY", "LATEST")]
    return server(await replies("cache", redis, commands))
