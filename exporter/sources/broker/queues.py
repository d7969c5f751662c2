"""The queues as they lie in Redis: one list a priority, and the messages that workers hold."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from exporter.cardinality import OTHER
from exporter.metrics import is_finite
from exporter.settings_queues import CelerySettings
from exporter.sources.broker.lists import ListLengths
from exporter.sources.redis_client import RedisClient

MAX_QUEUES = 1000  # queues that are remembered at all
FULL_READ_INTERVAL = 5.0  # seconds between two looks at the queues beyond those that are shown


@dataclass(frozen=True)
class QueueLengths:
    """Messages that wait, by queue and by list; beyond a bound the shorter queues are one."""

    queues: dict[str, int]
    filled_keys: tuple[str, ...]  # the keys of lists that hold anything
    merged_queues: int = 0  # queues that are counted together as `other`


@dataclass(frozen=True)
class UnackedMessages:
    """The messages that workers hold."""

    unacked: int | None
    oldest: float | None  # Unix seconds at which a worker took the oldest it still holds


class QueueKeys:
    """The names of kombu's keys."""

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
    """Every queue that is known, and how long each is."""

    def __init__(self, settings: CelerySettings) -> None:
        self._named = settings.queues
        self._max_found = settings.found_queues
        self._found: dict[str, None] = {}
        self._foreign: set[str] = set()
        self._last_full_read = float("-inf")
        self.keys = QueueKeys(settings)
        self.lists = ListLengths(settings.lists_at_once)

    def add(self, queues: Iterable[str]) -> None:
        """Remember these queues."""
        for queue in sorted(queues):
            is_new = queue not in self._named and queue not in self._found
            if is_new and len(self._found) < MAX_QUEUES:
                self._found[queue] = None
                self._last_full_read = float("-inf")

    def exclude(self, queues: Iterable[str]) -> None:
        """Show these queues no more: they belong to somebody else's workers."""
        self._foreign |= set(queues) - set(self._named)

    def include(self, queues: Iterable[str]) -> None:
        """Show these queues: workers of the backend take from them."""
        self._foreign -= set(queues)

    def visible(self) -> tuple[str, ...]:
        """The queues that are shown by name: those of the settings, then the longest of the others."""
        others = [queue for queue in self._found if queue not in self._foreign]
        order = {queue: place for place, queue in enumerate(others)}
        ranked = sorted(others, key=lambda queue: (-(self.length(queue) or 0), order[queue]))
        return (*self._named, *ranked[: self._max_found])

    def length(self, queue: str) -> int | None:
        """The messages in all lists of the queue; None where one of them is no list."""
        lengths = [self.lists.length(key) for key in self.keys.lists(queue)]
        return None if None in lengths else sum(length or 0 for length in lengths)

    async def read(self, client: RedisClient) -> QueueLengths:
        """How long every queue is. Raises SourceError."""
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
        if rest:
            lengths[OTHER] = lengths.get(OTHER, 0) + sum(self.length(queue) or 0 for queue in rest)
        return QueueLengths(lengths, self.lists.filled_keys(), len(rest))


async def read_unacked(client: RedisClient, keys: QueueKeys) -> UnackedMessages:
    """The messages that workers hold; None for what this user may not see. Raises SourceError for both."""
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
    """When the messages that workers hold last changed, as far as we saw."""

    def __init__(self) -> None:
        self._last: UnackedMessages | None = None
        self.changed_at: float | None = None

    def record(self, now: UnackedMessages) -> None:
        """Compare with what was seen before."""
        if now != self._last:
            self._last, self.changed_at = now, time.time()
