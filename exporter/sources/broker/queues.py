"""The queues in Redis: one list a priority, and the unacknowledged messages.

Few commands read the lengths of many lists: one EXISTS over all empty ones, LLEN for the others. A list that
has filled is found by bisection, and read by itself until it has been empty for a while. If too many lists
are filled to read them all at once, they take turns.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from exporter.cardinality import OTHER
from exporter.metrics import is_finite
from exporter.settings_queues import CelerySettings
from exporter.sources.redis_client import Command, RedisClient

EMPTIED_TTL = 10.0  # seconds for which an emptied list is still read by itself
SPLIT_PARTS = 4  # parts per step of the bisection
MAX_KEYS_PER_COMMAND = 500  # in one EXISTS, which blocks the server meanwhile
MAX_QUEUES = 1000  # queues that are known at all
FULL_READ_INTERVAL = 5.0  # seconds between two reads of the queues that are not shown by name


class ListLengths:
    """The last known length of each list, None where the key holds another type."""

    def __init__(self, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_once = at_once
        self._clock = clock
        self._lengths: dict[str, int | None] = {}
        self._sustained: dict[str, int] = {}
        self._filled_at: dict[str, float] = {}
        self._read_at: dict[str, float] = {}

    def length(self, key: str) -> int | None:
        """The length when it was last read; a list that was never filled is empty."""
        return self._lengths.get(key, 0)

    def sustained_length(self, key: str) -> int:
        """The smaller length of the last two reads: one read alone may be a burst that is over."""
        return self._sustained.get(key, 0)

    def filled_keys(self) -> tuple[str, ...]:
        """The keys of the lists that are not empty."""
        return tuple(key for key, length in self._lengths.items() if length)

    async def read(self, client: RedisClient, keys: Iterable[str]) -> None:
        """Read the lengths of these lists. Raises SourceError when the user lacks the right."""
        wanted = dict.fromkeys(keys)
        self._forget_emptied()
        quiet = [key for key in wanted if key not in self._filled_at]
        groups = [quiet[at : at + MAX_KEYS_PER_COMMAND] for at in range(0, len(quiet), MAX_KEYS_PER_COMMAND)]
        due = self._keys_to_read()
        found = await client.execute_granted([*map(exists_command, groups), *(("LLEN", key) for key in due)])
        for key, reply in zip(due, found[len(groups) :], strict=True):
            self._record(key, reply)
        await self._find_filled(client, [g for g, n in zip(groups, found, strict=False) if n])

    async def _find_filled(self, client: RedisClient, groups: list[list[str]]) -> None:
        """Find and read the existing lists of these groups."""
        while groups:
            parts = [part for group in groups for part in split_keys(group)]
            commands: list[Command] = [
                ("LLEN", part[0]) if len(part) == 1 else exists_command(part) for part in parts
            ]
            found = await client.execute_granted(commands)
            for part, reply in zip(parts, found, strict=True):
                if len(part) == 1:
                    self._record(part[0], reply)
            groups = [part for part, n in zip(parts, found, strict=True) if len(part) > 1 and n]

    def _keys_to_read(self) -> list[str]:
        return sorted(self._filled_at, key=lambda key: self._read_at.get(key, 0.0))[: self._at_once]

    def _record(self, key: str, reply: object) -> None:
        now = self._clock()
        length = reply if isinstance(reply, int) else None
        self._sustained[key] = min(self._lengths.get(key) or 0, length or 0)
        self._read_at[key], self._lengths[key] = now, length
        if length != 0:  # None: the key exists and is no list
            self._filled_at[key] = now

    def _forget_emptied(self) -> None:
        limit = self._clock() - EMPTIED_TTL
        for key in [k for k, at in self._filled_at.items() if at < limit and self._lengths[k] == 0]:
            for kept in (self._filled_at, self._read_at, self._lengths, self._sustained):
                kept.pop(key, None)


def exists_command(keys: Sequence[str]) -> Command:
    """The command that counts how many of these keys exist."""
    return ("EXISTS", *keys)


def split_keys(group: list[str]) -> list[list[str]]:
    """The keys in a few parts of about the same size."""
    size = max(-(-len(group) // SPLIT_PARTS), 1)
    return [group[at : at + size] for at in range(0, len(group), size)]


@dataclass(frozen=True)
class QueueLengths:
    """Waiting messages by queue; beyond a bound the shorter queues are merged into `other`."""

    queues: dict[str, int]
    filled_keys: tuple[str, ...]  # the keys of lists that are not empty
    merged_queues: int = 0  # how many queues are merged into `other`
    # by queue the messages that waited at each of the last two reads
    sustained: dict[str, int] = field(default_factory=dict)

    @property
    def has_grown(self) -> bool:
        """Whether a queue holds more than at the read before."""
        return any(length > self.sustained.get(queue, length) for queue, length in self.queues.items())


@dataclass(frozen=True)
class UnackedMessages:
    """The messages that workers have taken and not acknowledged."""

    unacked: int | None
    oldest: float | None  # Unix seconds at which a worker took the oldest of them


class QueueKeys:
    """The names of kombu's keys in Redis."""

    def __init__(self, settings: CelerySettings) -> None:
        self._prefix = settings.key_prefix
        self._steps = settings.priority_steps
        self.separator = settings.separator
        self.unacked = f"{self._prefix}unacked"
        self.unacked_index = f"{self._prefix}unacked_index"

    def lists(self, queue: str) -> list[str]:
        """The lists of one queue, one a priority."""
        endings = (f"{self.separator}{step}" if step else "" for step in self._steps)
        return [f"{self._prefix}{queue}{ending}" for ending in endings]


class KnownQueues:
    """Every known queue and its length."""

    def __init__(self, settings: CelerySettings) -> None:
        self._named = settings.queues
        self._max_found = settings.found_queues
        self._found: dict[str, None] = {}
        self._foreign: set[str] = set()
        self._last_full_read = float("-inf")
        self.keys = QueueKeys(settings)
        self.lists = ListLengths(settings.lists_at_once)

    def add(self, queues: Iterable[str]) -> None:
        """Add queues by name, up to MAX_QUEUES."""
        for queue in sorted(queues):
            is_new = queue not in self._named and queue not in self._found
            if is_new and len(self._found) < MAX_QUEUES:
                self._found[queue] = None
                self._last_full_read = float("-inf")

    def exclude(self, queues: Iterable[str]) -> None:
        """Hide queues that belong to foreign workers."""
        self._foreign |= set(queues) - set(self._named)

    def include(self, queues: Iterable[str]) -> None:
        """Show queues that workers of the backend consume."""
        self._foreign -= set(queues)

    def visible(self) -> tuple[str, ...]:
        """The queues shown by name: those of the settings, then the longest of the others."""
        others = [queue for queue in self._found if queue not in self._foreign]
        order = {queue: place for place, queue in enumerate(others)}
        ranked = sorted(others, key=lambda queue: (-(self.length(queue) or 0), order[queue]))
        return (*self._named, *ranked[: self._max_found])

    def length(self, queue: str) -> int | None:
        """Messages in all lists of the queue; None where one key is no list."""
        lengths = [self.lists.length(key) for key in self.keys.lists(queue)]
        return None if None in lengths else sum(length or 0 for length in lengths)

    def sustained_length(self, queue: str) -> int:
        """Messages that waited in all lists of the queue at each of their last two reads."""
        return sum(self.lists.sustained_length(key) for key in self.keys.lists(queue))

    async def read(self, client: RedisClient) -> QueueLengths:
        """Read the length of every queue. Raises SourceError."""
        now = time.monotonic()
        is_wide = now - self._last_full_read >= FULL_READ_INTERVAL
        queues = self._all() if is_wide else self.visible()
        await self.lists.read(client, (key for queue in queues for key in self.keys.lists(queue)))
        if is_wide:
            self._last_full_read = now
        return self._lengths()

    def _all(self) -> tuple[str, ...]:
        return (*self._named, *(queue for queue in self._found if queue not in self._foreign))

    def _lengths(self) -> QueueLengths:
        shown = self.visible()
        rest = set(self._all()) - set(shown)
        lengths = {queue: n for queue in shown if (n := self.length(queue)) is not None}
        sustained = {queue: self.sustained_length(queue) for queue in lengths}
        if rest:
            lengths[OTHER] = lengths.get(OTHER, 0) + sum(self.length(queue) or 0 for queue in rest)
            sustained[OTHER] = sustained.get(OTHER, 0) + sum(map(self.sustained_length, rest))
        return QueueLengths(lengths, self.lists.filled_keys(), len(rest), sustained)


async def read_unacked(client: RedisClient, keys: QueueKeys) -> UnackedMessages:
    """The unacknowledged messages; None where the user lacks a right. Raises SourceError if it lacks both."""
    count, oldest = await client.execute_or_none(
        [("HLEN", keys.unacked), ("ZRANGE", keys.unacked_index, 0, 0, "WITHSCORES")]
    )
    return UnackedMessages(count if isinstance(count, int) else None, first_score(oldest))


def first_score(found: object) -> float | None:
    """The score of the first member of a sorted set, None without one."""
    try:
        score = float(found[1])  # type: ignore[index]
    except (TypeError, LookupError, ValueError):
        return None
    return score if is_finite(score) else None


class UnackedTracker:
    """When the unacknowledged messages last changed."""

    def __init__(self) -> None:
        self._last: UnackedMessages | None = None
        self.changed_at: float | None = None

    def record(self, now: UnackedMessages) -> None:
        """Record the current state, and the time if it changed."""
        if now != self._last:
            self._last, self.changed_at = now, time.time()
