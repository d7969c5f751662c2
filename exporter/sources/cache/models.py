"""What the cache server says about itself and about its keys."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.errors import InvalidResponse
from exporter.sources.json_object import JsonObject, is_number

LatencySpike = tuple[str, float, float]  # event, Unix time, seconds


@dataclass(frozen=True)
class CacheServerInfo:
    """What INFO tells; its counts are those of the users, without our own."""

    info: JsonObject


@dataclass(frozen=True)
class SlowLog:
    """The log of slow commands and the latency spikes; what the server does not know is None or empty."""

    count: float | None
    newest: float | None  # its number
    seconds: float | None
    spikes: tuple[LatencySpike, ...]


def parse_info(info: object) -> CacheServerInfo:
    """The reply to INFO. Raises BadAnswer for anything else."""
    if not isinstance(info, dict):
        raise InvalidResponse("cache INFO answered with something else than fields")
    return CacheServerInfo(JsonObject(info, "cache INFO"))


def parse_slow_log(answers: Sequence[object]) -> SlowLog:
    """The replies to SLOWLOG LEN, SLOWLOG GET 1 and LATENCY LATEST."""
    count, newest, spikes = answers
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


@dataclass(frozen=True)
class PrefixStats:
    """The keys with one beginning: how many, and the bytes they take, None where none was measured."""

    name: str
    count: float
    used: float | None


@dataclass(frozen=True)
class BigKey:
    """One big key: its bytes, and its length or number of members where its type has one."""

    name: str
    used: float
    size: float | None


@dataclass(frozen=True)
class KeyspaceStats:
    """What one pass over the keys found, and which shares of the keys it saw and measured (0..1)."""

    groups: tuple[PrefixStats, ...]
    biggest: tuple[BigKey, ...]
    seen: float
    measured: float
    commands: int = 0  # that the pass took
    weighed: int = 0  # keys whose memory was measured
    refused: str = ""  # why memory was not measured, or not of every key
