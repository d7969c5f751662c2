"""The queues as they lie in Redis: one list a priority, and the messages that workers hold."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

from redis.asyncio import Redis

from exporter.metrics import known
from exporter.settings import Celery as CelerySettings

# reply and control queues come and go with their owners, nobody waits in them
PRIVATE = re.compile(r"\.pidbox$|^celeryev\.|^amq\.gen|^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")


@dataclass(frozen=True)
class Lengths:
    """Messages that wait, by queue and by list, and those that workers hold."""

    queues: dict[str, int]
    filled: tuple[str, ...]  # the keys of lists that hold anything
    unacked: int | None
    oldest_unacked: float | None  # Unix seconds at which a worker took the oldest it still holds


class Keys:
    """The names of kombu's keys."""

    def __init__(self, settings: CelerySettings) -> None:
        self._prefix = settings.key_prefix
        self._endings = [f"{settings.separator}{step}" if step else "" for step in settings.priority_steps]
        self.unacked = f"{self._prefix}unacked"
        self.unacked_index = f"{self._prefix}unacked_index"

    def lists(self, queue: str) -> list[str]:
        """The lists of one queue, one a priority."""
        return [f"{self._prefix}{queue}{ending}" for ending in self._endings]


async def lengths(redis: Redis, keys: Keys, queues: Iterable[str]) -> Lengths:
    """How long every queue is, in one round trip."""
    lists = {queue: keys.lists(queue) for queue in queues}
    pipe = redis.pipeline(transaction=False)
    pipe.hlen(keys.unacked)
    pipe.zrange(keys.unacked_index, 0, 0, withscores=True)
    for key in (key for some in lists.values() for key in some):
        pipe.llen(key)
    held, oldest, *counts = await pipe.execute(raise_on_error=False)
    by_key = dict(zip((key for some in lists.values() for key in some), counts, strict=True))
    sums = {
        queue: sum(by_key[key] for key in some)
        for queue, some in lists.items()
        # one of them is no list at all: such a queue has no length
        if all(isinstance(by_key[key], int) for key in some)
    }
    return Lengths(
        queues=sums,
        filled=tuple(key for queue in sums for key in lists[queue] if by_key[key]),
        unacked=held if isinstance(held, int) else None,
        oldest_unacked=score_of(oldest),
    )


def score_of(found: object) -> float | None:
    """The score of the first member of a sorted set, None without one."""
    try:
        score = found[0][1]  # type: ignore[index]
    except (TypeError, LookupError):
        return None
    return float(score) if known(score) else None


class Movement:
    """When the messages that workers hold last changed, as far as we saw."""

    def __init__(self) -> None:
        self._seen: tuple[int | None, float | None] | None = None
        self.changed_at: float | None = None

    def note(self, now: Lengths) -> None:
        """Compare with what was seen before."""
        state = (now.unacked, now.oldest_unacked)
        if state != self._seen:
            self._seen, self.changed_at = state, time.time()


async def bound_queues(redis: Redis, settings: CelerySettings, seconds: float) -> set[str]:
    """The queues that anything was ever bound to: SCAN for kombu's bindings, for so many seconds at most."""
    prefix = f"{settings.key_prefix}_kombu.binding."
    deadline = time.monotonic() + seconds
    cursor, found = 0, set[str]()
    while time.monotonic() < deadline:
        cursor, bindings = await redis.scan(cursor, match=f"{prefix}*", count=1000, _type="set")
        for binding in bindings:
            for member in await redis.smembers(binding):
                found.add(str(member).rpartition(settings.separator)[2])
        if cursor == 0:
            break
    return {queue for queue in found if queue and not PRIVATE.search(queue)}
