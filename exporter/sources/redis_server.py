"""What one Redis server tells of itself: INFO, SLOWLOG, LATENCY; polled only when a scrape wants it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import SecretStr

from exporter.errors import InvalidResponse, NotConfigured
from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.settings_types import readable_url
from exporter.sources.base import BaseSource
from exporter.sources.json_object import JsonObject, is_number
from exporter.sources.redis_client import RedisClient
from exporter.sources.redis_connection import parse_secret_url
from exporter.sources.redis_user_counts import UserCommandCounts

T = TypeVar("T")
HISTOGRAMS_SINCE = 7  # the version that has LATENCY HISTOGRAM; an earlier one would count our error


@dataclass(frozen=True)
class RedisServerInfo:
    """The fields of INFO; its counts are those of the users, without our own."""

    info: JsonObject
    microseconds: Mapping[str, float]  # of all calls of each command, our own included


LatencySpike = tuple[str, float, float]  # event, Unix time, seconds


@dataclass(frozen=True)
class SlowLog:
    """The log of slow commands and the latency spikes; unknown values are None or empty."""

    count: float | None
    newest: float | None  # its number
    seconds: float | None
    spikes: tuple[LatencySpike, ...]


@dataclass(frozen=True)
class CommandLatencies:
    """The calls of one command, and how many of them took at most so many microseconds."""

    calls: float
    buckets: Mapping[float, float]


class RedisServerSource(BaseSource):
    """The pollers of one server; errors call it by `name`."""

    def __init__(self, name: str, client: RedisClient | None, timeout: float, period: float) -> None:
        self.client = client
        self._user_counts = UserCommandCounts()
        policy = PollPolicy(timeout, min_interval=period)
        self.info = Poller(f"{name} INFO", self._with(self._read_info), policy)
        self.slow = Poller(f"{name} SLOWLOG", self._with(read_slow_log), policy)
        self.latencies = Poller(f"{name} LATENCY", self._with(self._read_latencies), policy)

    async def close(self) -> None:
        """Close the connections."""
        if self.client is not None:
            await self.client.close()

    def _with(self, call: Callable[[RedisClient], Awaitable[T]]) -> Callable[[], Awaitable[T]] | None:
        client = self.client
        return None if client is None else lambda: call(client)

    async def _read_info(self, client: RedisClient) -> RedisServerInfo:
        """INFO with all its sections, without the commands of this process."""
        info, own = await client.info()
        if not isinstance(info, dict):
            raise InvalidResponse(f"{client.name} INFO replied with something else than fields")
        spent = command_microseconds(JsonObject(info, f"{client.name} INFO"))
        users = self._user_counts.without(info, own)
        return RedisServerInfo(JsonObject(users, f"{client.name} INFO"), spent)

    async def _read_latencies(self, client: RedisClient) -> Mapping[str, CommandLatencies]:
        """The latencies of each command. Raises NotConfigured for a server that keeps none."""
        version = (await self.info.get()).info.text("redis_version") or ""
        if not version.partition(".")[0].isdecimal() or int(version.partition(".")[0]) < HISTOGRAMS_SINCE:
            raise NotConfigured(f"{client.name} keeps no histograms of latencies before version 7")
        (reply,) = await client.execute_granted([("LATENCY", "HISTOGRAM")])
        return dict(parse_latencies(reply))


def is_same_server(url: SecretStr | None, other: SecretStr | None) -> bool:
    """Whether both URLs are set and have the same address."""
    if url is None or other is None or readable_url(url) is None or readable_url(other) is None:
        return False
    return parse_secret_url(url).address == parse_secret_url(other).address


def command_microseconds(info: JsonObject) -> dict[str, float]:
    """The microseconds of each command, by name."""
    names = [name for name in info.keys() if name.startswith("cmdstat_")]  # noqa: SIM118  (no dict)
    return {name.removeprefix("cmdstat_"): info.number(name, "usec") or 0.0 for name in names}


async def read_slow_log(client: RedisClient) -> SlowLog:
    """The slow log and the latency spikes. Raises SourceError when this user may not see them."""
    return parse_slow_log(
        await client.execute_granted([("SLOWLOG", "LEN"), ("SLOWLOG", "GET", 1), ("LATENCY", "LATEST")])
    )


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


def parse_latencies(reply: object) -> Iterator[tuple[str, CommandLatencies]]:
    """The reply to LATENCY HISTOGRAM: by turns a command and `calls`, number, `histogram_usec`, bounds."""
    rows = reply if isinstance(reply, list) else []
    for command, details in zip(rows[::2], rows[1::2], strict=False):
        if not isinstance(details, list) or len(details) < 4 or not is_number(details[1]):
            continue
        bounds = details[3] if isinstance(details[3], list) else []
        pairs = zip(bounds[::2], bounds[1::2], strict=False)
        buckets = {
            float(bound): float(count) for bound, count in pairs if is_number(bound) and is_number(count)
        }
        yield str(command), CommandLatencies(float(details[1]), buckets)
