"""The source of the backend's cache, a Redis server: what it tells of itself, and the scan of its keys."""

import logging
from dataclasses import replace

from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.settings_stores import RedisSettings
from exporter.settings_types import unreadable_reasons
from exporter.sources.base import BaseSource
from exporter.sources.cache.key_scan import KeyScan, KeyspaceStats
from exporter.sources.redis_client import (
    interval_for_commands,
    make_ping_poller,
    make_redis_client,
)
from exporter.sources.redis_server import RedisServerSource

log = logging.getLogger("exporter")


class CacheSource(BaseSource):
    """The pollers of the cache server."""

    def __init__(self, settings: RedisSettings) -> None:
        self.settings = settings
        self.client = make_redis_client("cache", settings.url, settings.timeout)
        self.server = RedisServerSource("cache", self.client, settings.timeout, settings.server_period)
        self.ping = make_ping_poller(self.client, "cache PING", settings.fast_period)
        period = settings.keys_period
        longest = settings.keys_seconds + 2 * settings.timeout
        scan = PollPolicy(longest, interval=period, backoff_base=period / 8, max_backoff=period)
        self.keys = Poller("cache keys", self._scan if self.client is not None else None, scan)

    @property
    def database(self) -> str:
        """The database of the URL, as redis_exporter names it."""
        return f"db{self.client.database if self.client else 0}"

    @property
    def permission_errors(self) -> tuple[str, ...]:
        """A sentence for each command whose last call the server refused."""
        return self.client.permission_errors if self.client is not None else ()

    def open(self) -> None:
        """Log a URL that is not of a Redis server."""
        for sentence in unreadable_reasons("redis.url", self.settings.url):
            log.warning("%s", sentence)

    async def close(self) -> None:
        """Close the connections."""
        if self.client is not None:
            await self.client.close()

    async def _scan(self) -> KeyspaceStats:
        assert self.client is not None  # noqa: S101  (without one, nothing is polled)
        found = await KeyScan(self.client, self.settings).scan()
        # a scan of many keys takes many commands, so the next one waits longer
        self.keys.policy = replace(
            self.keys.policy, interval=interval_for_commands(self.settings.keys_period, found.commands)
        )
        return found
