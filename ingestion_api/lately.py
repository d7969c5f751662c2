"""A value that is costly to find and asked for often: found again when its cost is long enough ago."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")
CHEAP_SECONDS = 0.01  # seconds; a value that is found faster is always found anew
COST_FACTOR = (
    20  # a value holds for so many times as long as it took to find, so that it costs a twentieth at most
)
MAX_AGE = 60.0  # seconds for which it holds at the most


class CachedValue(Generic[T]):
    """One value for all who ask; while somebody finds it the others wait for that."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._until = float("-inf")
        self._found: list[T] = []

    def get(self, find: Callable[[], T]) -> T:
        """The value; raises what finding it raises."""
        with self._lock:
            began = self._clock()
            if self._found and began < self._until:
                return self._found[0]
            value = find()
            now = self._clock()
            cost = now - began
            self._until = now + min(COST_FACTOR * cost, MAX_AGE) if cost > CHEAP_SECONDS else now
            self._found = [value]
            return value
