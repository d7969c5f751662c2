"""What is asked of the Redis server that is the backend's cache."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.settings import RedisSettings
from exporter.settings_types import unreadable_reasons
from exporter.sources.base import BaseSource
from exporter.sources.cache.key_scan import KeyScan
from exporter.sources.cache.models import CacheServerInfo, KeyspaceStats, SlowLog, parse_info, parse_slow_log
from exporter.sources.cache.user_counts import UserCommandCounts
from exporter.sources.redis_client import RedisClient, make_ping_poller, make_redis_client
from exporter.sources.redis_pace import interval_for_commands

T = TypeVar("T")
log = logging.getLogger("exporter")


class CacheSource(BaseSource):
    """The questions put to the cache server."""

    def __init__(self, settings: RedisSettings) -> None:
        self.settings = settings
        self.client = make_redis_client("cache", settings.url, settings.timeout)
        self._users = UserCommandCounts()
        now_and_then = PollPolicy(settings.timeout, min_interval=settings.server_period)
        self.ping = make_ping_poller(self.client, "cache PING", settings.fast_period)
        period = settings.keys_period
        longest = settings.keys_seconds + 2 * settings.timeout
        walk = PollPolicy(longest, interval=period, backoff_base=period / 8, max_backoff=period)
        self.keys = Poller("cache keys", self._with(self._walk), walk)
        self.server = Poller("cache INFO", self._with(self._ask_server), now_and_then)
        self.slow = Poller("cache SLOWLOG", self._with(read_slow_log), now_and_then)

    @property
    def database(self) -> str:
        """The database that the URL names, as redis_exporter names it."""
        return f"db{self.client.database if self.client else 0}"

    @property
    def permission_errors(self) -> tuple[str, ...]:
        """A sentence for each command that the server refused us when it was last sent."""
        return self.client.permission_errors if self.client is not None else ()

    def open(self) -> None:
        """Say so where the URL is that of something else."""
        for sentence in unreadable_reasons("redis.url", self.settings.url):
            log.warning("%s", sentence)

    async def close(self) -> None:
        """Close the connections."""
        if self.client is not None:
            await self.client.close()

    def _with(self, ask: Callable[[RedisClient], Awaitable[T]]) -> Callable[[], Awaitable[T]] | None:
        client = self.client
        return None if client is None else lambda: ask(client)

    async def _walk(self, client: RedisClient) -> KeyspaceStats:
        found = await KeyScan(client, self.settings).walk()
        # a pass over many keys takes many commands, so the next one waits for longer
        self.keys.policy = replace(
            self.keys.policy, interval=interval_for_commands(self.settings.keys_period, found.commands)
        )
        return found

    async def _ask_server(self, client: RedisClient) -> CacheServerInfo:
        """INFO with all its sections, less what this process has sent."""
        info, own = await client.info()
        return parse_info(self._users.info(info, own) if isinstance(info, dict) else info)


async def read_slow_log(client: RedisClient) -> SlowLog:
    """The slow log and the latency spikes. Raises SourceError when this user may not see them."""
    return parse_slow_log(
        await client.execute_granted([("SLOWLOG", "LEN"), ("SLOWLOG", "GET", 1), ("LATENCY", "LATEST")])
    )
