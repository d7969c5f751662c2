"""The source of the backend's cache, a Redis server: INFO, SLOWLOG, LATENCY and the scan of its keys."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from exporter.errors import InvalidResponse
from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.settings_stores import RedisSettings
from exporter.settings_types import unreadable_reasons
from exporter.sources.base import BaseSource
from exporter.sources.cache.key_scan import KeyScan, KeyspaceStats
from exporter.sources.cache.user_counts import UserCommandCounts
from exporter.sources.json_object import JsonObject, is_number
from exporter.sources.redis_client import (
    RedisClient,
    interval_for_commands,
    make_ping_poller,
    make_redis_client,
)

T = TypeVar("T")
log = logging.getLogger("exporter")


LatencySpike = tuple[str, float, float]  # event, Unix time, seconds


@dataclass(frozen=True)
class CacheServerInfo:
    """The fields of INFO; its counts are those of the users, without our own."""

    info: JsonObject


@dataclass(frozen=True)
class SlowLog:
    """The log of slow commands and the latency spikes; unknown values are None or empty."""

    count: float | None
    newest: float | None  # its number
    seconds: float | None
    spikes: tuple[LatencySpike, ...]


class CacheSource(BaseSource):
    """The pollers of the cache server."""

    def __init__(self, settings: RedisSettings) -> None:
        self.settings = settings
        self.client = make_redis_client("cache", settings.url, settings.timeout)
        self._user_counts = UserCommandCounts()
        every_few_seconds = PollPolicy(settings.timeout, min_interval=settings.server_period)
        self.ping = make_ping_poller(self.client, "cache PING", settings.fast_period)
        period = settings.keys_period
        longest = settings.keys_seconds + 2 * settings.timeout
        scan = PollPolicy(longest, interval=period, backoff_base=period / 8, max_backoff=period)
        self.keys = Poller("cache keys", self._with(self._scan), scan)
        self.server = Poller("cache INFO", self._with(self._read_info), every_few_seconds)
        self.slow = Poller("cache SLOWLOG", self._with(read_slow_log), every_few_seconds)

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

    def _with(self, call: Callable[[RedisClient], Awaitable[T]]) -> Callable[[], Awaitable[T]] | None:
        client = self.client
        return None if client is None else lambda: call(client)

    async def _scan(self, client: RedisClient) -> KeyspaceStats:
        found = await KeyScan(client, self.settings).scan()
        # a scan of many keys takes many commands, so the next one waits longer
        self.keys.policy = replace(
            self.keys.policy, interval=interval_for_commands(self.settings.keys_period, found.commands)
        )
        return found

    async def _read_info(self, client: RedisClient) -> CacheServerInfo:
        """INFO with all its sections, without the commands of this process."""
        info, own = await client.info()
        return parse_info(self._user_counts.without(info, own) if isinstance(info, dict) else info)


async def read_slow_log(client: RedisClient) -> SlowLog:
    """The slow log and the latency spikes. Raises SourceError when this user may not see them."""
    return parse_slow_log(
        await client.execute_granted([("SLOWLOG", "LEN"), ("SLOWLOG", "GET", 1), ("LATENCY", "LATEST")])
    )


def parse_info(info: object) -> CacheServerInfo:
    """The reply to INFO. Raises InvalidResponse for anything else."""
    if not isinstance(info, dict):
        raise InvalidResponse("cache INFO replied with something else than fields")
    return CacheServerInfo(JsonObject(info, "cache INFO"))


def parse_slow_log(replies: Sequence[object]) -> SlowLog:
    """The replies to SLOWLOG LEN, SLOWLOG GET 1 and LATENCY LATEST."""
    count, newest, spikes = replies
    number, took = parse_newest_entry(newest)
    return SlowLog(
        count=count if isinstance(count, int) else None,
        newest=number,
        seconds=took,
        spikes=tuple(filter(None, map(parse_latency_spike, spikes if isinstance(spikes, list) else []))),
    )


def parse_newest_entry(log: object) -> tuple[float | None, float | None]:
    """Number and seconds of the one entry of SLOWLOG GET: number, Unix time, microseconds, more."""
    entry = log[0] if isinstance(log, list) and log else None
    if not isinstance(entry, list) or len(entry) < 3 or not (is_number(entry[0]) and is_number(entry[2])):
        return None, None
    return float(entry[0]), entry[2] / 1e6


def parse_latency_spike(row: object) -> LatencySpike | None:
    """One row of LATENCY LATEST: event, Unix time, milliseconds of the last spike, more."""
    if not isinstance(row, list) or len(row) < 3 or not is_number(row[1]) or not is_number(row[2]):
        return None
    return str(row[0]), float(row[1]), row[2] / 1000
