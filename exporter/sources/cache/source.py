"""What is asked of the Redis server that is the backend's cache."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from exporter.pace import Pace
from exporter.question import Question
from exporter.settings import Redis as RedisSettings
from exporter.settings_types import unreadable
from exporter.sources.asked import Asked
from exporter.sources.cache.answers import Keys, Server, Slow, server, slow
from exporter.sources.cache.keys import Pass
from exporter.sources.cache.users import Users
from exporter.sources.redis_client import Client, client_of, ping_of
from exporter.sources.redis_pace import stretched

T = TypeVar("T")
log = logging.getLogger("exporter")


class Cache(Asked):
    """The questions put to the cache server."""

    def __init__(self, settings: RedisSettings) -> None:
        self.settings = settings
        self.client = client_of("cache", settings.url, settings.timeout)
        self._users = Users()
        now_and_then = Pace(settings.timeout, at_most_every=settings.server_period)
        self.ping = ping_of(self.client, "cache PING", settings.fast_period)
        period = settings.keys_period
        longest = settings.keys_seconds + 2 * settings.timeout
        walk = Pace(longest, every=period, rest=period / 8, longest_rest=period)
        self.keys = Question("cache keys", self._with(self._walk), walk)
        self.server = Question("cache INFO", self._with(self._ask_server), now_and_then)
        self.slow = Question("cache SLOWLOG", self._with(ask_slow), now_and_then)

    @property
    def database(self) -> str:
        """The database that the URL names, as redis_exporter names it."""
        return f"db{self.client.database if self.client else 0}"

    @property
    def refusals(self) -> tuple[str, ...]:
        """A sentence for each command that the server refused us when it was last sent."""
        return self.client.refusals if self.client is not None else ()

    def open(self) -> None:
        """Say so where the URL is that of something else."""
        for sentence in unreadable("redis.url", self.settings.url):
            log.warning("%s", sentence)

    async def close(self) -> None:
        """Close the connections."""
        if self.client is not None:
            await self.client.close()

    def _with(self, ask: Callable[[Client], Awaitable[T]]) -> Callable[[], Awaitable[T]] | None:
        client = self.client
        return None if client is None else lambda: ask(client)

    async def _walk(self, client: Client) -> Keys:
        found = await Pass(client, self.settings).walk()
        # a pass over many keys takes many commands, so the next one waits for longer
        self.keys.pace = replace(self.keys.pace, every=stretched(self.settings.keys_period, found.commands))
        return found

    async def _ask_server(self, client: Client) -> Server:
        """INFO with all its sections, less what this process has sent."""
        info, own = await client.info()
        return server(self._users.info(info, own) if isinstance(info, dict) else info)


async def ask_slow(client: Client) -> Slow:
    """The slow log and the latency spikes. Raises SourceError when this user may not see them."""
    return slow(await client.granted([("SLOWLOG", "LEN"), ("SLOWLOG", "GET", 1), ("LATENCY", "LATEST")]))
