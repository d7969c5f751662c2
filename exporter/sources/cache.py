"""What is asked of the Redis server that is the backend's cache."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from exporter.question import Pace, Question
from exporter.settings import Redis as RedisSettings
from exporter.sources.asked import Asked
from exporter.sources.redis_client import connect, said

T = TypeVar("T")


class Cache(Asked):
    """The questions put to the cache server."""

    def __init__(self, settings: RedisSettings) -> None:
        self.client = connect(settings.url, settings.timeout) if settings.url else None
        self.settings = settings
        fast = Pace(settings.timeout, at_most_every=settings.fast_period)
        self.ping = Question("cache PING", self.command(lambda redis: redis.ping()), fast)
        self.info = Question("cache INFO", self.command(lambda redis: redis.info("all")), fast)

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
