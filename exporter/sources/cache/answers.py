"""What the cache server says about itself and about its keys."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.errors import BadAnswer
from exporter.sources.document import Document, is_number

Spike = tuple[str, float, float]  # event, Unix time, seconds


@dataclass(frozen=True)
class Server:
    """What INFO tells; its counts are those of the users, without our own."""

    info: Document


@dataclass(frozen=True)
class Slow:
    """The log of slow commands and the latency spikes; what the server does not know is None or empty."""

    count: float | None
    newest: float | None  # its number
    seconds: float | None
    spikes: tuple[Spike, ...]


def server(info: object) -> Server:
    """The reply to INFO. Raises BadAnswer for anything else."""
    if not isinstance(info, dict):
        raise BadAnswer("cache INFO answered with something else than fields")
    return Server(Document(info, "cache INFO"))


def slow(answers: Sequence[object]) -> Slow:
    """The replies to SLOWLOG LEN, SLOWLOG GET 1 and LATENCY LATEST."""
    count, newest, spikes = answers
    number, took = slowest(newest)
    return Slow(
        count=count if isinstance(count, int) else None,
        newest=number,
        seconds=took,
        spikes=tuple(filter(None, map(spike, spikes if isinstance(spikes, list) else []))),
    )


def slowest(log: object) -> tuple[float | None, float | None]:
    """Number and seconds of the one entry of SLOWLOG GET: number, Unix time, microseconds, more."""
    entry = log[0] if isinstance(log, list) and log else None
    if not isinstance(entry, list) or len(entry) < 3 or not (is_number(entry[0]) and is_number(entry[2])):
        return None, None
    return float(entry[0]), entry[2] / 1e6


def spike(row: object) -> Spike | None:
    """One row of LATENCY LATEST: event, Unix time, milliseconds of the last spike, more."""
    if not isinstance(row, list) or len(row) < 3 or not is_number(row[1]) or not is_number(row[2]):
        return None
    return str(row[0]), float(row[1]), row[2] / 1000


@dataclass(frozen=True)
class Group:
    """The keys with one beginning: how many, and the bytes they take, None where none was measured."""

    name: str
    count: float
    used: float | None


@dataclass(frozen=True)
class Key:
    """One big key: its bytes, and its length or number of members where its type has one."""

    name: str
    used: float
    size: float | None


@dataclass(frozen=True)
class Keys:
    """What one pass over the keys found, and which shares of the keys it saw and measured (0..1)."""

    groups: tuple[Group, ...]
    biggest: tuple[Key, ...]
    seen: float
    measured: float
    commands: int = 0  # that the pass took
    weighed: int = 0  # keys whose memory was measured
    refused: str = ""  # why memory was not measured, or not of every key
