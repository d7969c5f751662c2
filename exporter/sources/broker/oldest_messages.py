"""How long the oldest message of a queue has waited.

Celery writes no time into a message. The start of the wait is, best first: a time that the publisher set in
the headers, the task-sent event of the same task, or when the exporter first read the message at this place.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from exporter.sources.broker.kombu_layout import QueuedMessage
from exporter.sources.redis_client import RedisClient

MESSAGES_PER_READ = 3  # messages that are read in one round
BYTES_PER_SECOND = 100_000  # read of one list's oldest message at most, on average
SentTimes = Callable[[str | None], float | None]


@dataclass
class OldestMessage:
    """The oldest message of one list."""

    tag: str
    since: float  # Unix seconds
    read_again_at: float


class OldestMessages:
    """The oldest message of every list that is not empty; kombu pushes at the head and pops from the tail."""

    def __init__(
        self, headers: tuple[str, ...], sent_at: SentTimes, clock: Callable[[], float] = time.time
    ) -> None:
        self._headers = headers
        self._sent_at = sent_at
        self._clock = clock
        self._messages: dict[str, OldestMessage] = {}

    async def read(self, client: RedisClient, keys: tuple[str, ...]) -> None:
        """Read the tails of some of these lists, the longest unread first; drop other lists."""
        self.retain(keys)
        now = self._clock()
        again = {key: self._messages[key].read_again_at if key in self._messages else 0.0 for key in keys}
        due = sorted((key for key in keys if again[key] <= now), key=again.__getitem__)
        # a list that was never read has no age yet, so all of those are due
        due = [key for place, key in enumerate(due) if place < MESSAGES_PER_READ or not again[key]]
        replies = await client.execute([("LINDEX", key, -1) for key in due]) if due else []
        for key, message in zip(due, replies, strict=True):
            if isinstance(message, str):
                self._record(key, message)

    def retain(self, keys: tuple[str, ...]) -> None:
        """Drop all other lists: they are empty now."""
        for key in self._messages.keys() - set(keys):
            del self._messages[key]

    def age(self, keys: list[str]) -> float | None:
        """Seconds that the oldest of these lists' messages has waited; None before the first read."""
        since = [self._messages[key].since for key in keys if key in self._messages]
        return max(self._clock() - min(since), 0.0) if since else None

    def _record(self, key: str, message: str) -> None:
        now = self._clock()
        waiting = QueuedMessage.parse(message, self._headers)
        before = self._messages.get(key)
        if before is None or before.tag != waiting.tag:
            before = OldestMessage(waiting.tag, self._since(waiting, now), now)
        before.read_again_at = now + len(message) / BYTES_PER_SECOND
        self._messages[key] = before

    def _since(self, waiting: QueuedMessage, now: float) -> float:
        written = waiting.published
        # a time in other units or of a wrong clock is worse than none
        if written is not None and now - 30 * 86_400 < written <= now + 60:
            return written
        return self._sent_at(waiting.task_id) or now
