"""A value that is costly to compute, for all threads: computed by one of them, beside the requests."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Generic, TypeVar

T = TypeVar("T")
CHEAP_SECONDS = 0.01  # seconds; a value that is cheaper is not cached
# for so many times its cost a value is fresh, and so many times its cost it is used at most
FRESH_FACTOR, COST_FACTOR = 20, 30
MAX_AGE = 60.0  # seconds


@dataclass(frozen=True)
class _Computed(Generic[T]):
    value: T
    fresh_until: float
    valid_until: float


class CachedValue(Generic[T]):
    """One value for all threads, computed by one of them at a time.

    From two thirds of its life on it is computed anew beside the requests, so that under load none waits for
    it. Who asks after its end computes it, and others wait for that.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, kept: float = 0.0) -> None:
        """`kept`: seconds for which a costly value is used at least, while a newer one is computed."""
        self._clock = clock
        self._kept = kept
        self._lock = Lock()
        self._held: _Computed[T] | None = None

    def get(self, find: Callable[[], T]) -> T:
        """The value; raises what `find` raises."""
        held, now = self._held, self._clock()
        if held is None or now >= held.valid_until:
            return self._compute_unless_valid(find)
        if now >= held.fresh_until and self._lock.acquire(blocking=False):
            Thread(target=self._refresh, args=(find,), name="cached-value", daemon=True).start()
        return held.value

    def _compute_unless_valid(self, find: Callable[[], T]) -> T:
        with self._lock:
            held = self._held
            if held is not None and self._clock() < held.valid_until:
                return held.value
            return self._compute(find)

    def _refresh(self, find: Callable[[], T]) -> None:
        try:
            # what is wrong is raised to who asks after the end of the value
            with suppress(Exception):
                self._compute(find)
        finally:
            self._lock.release()

    def _compute(self, find: Callable[[], T]) -> T:
        began = self._clock()
        value = find()
        now = self._clock()
        cost = now - began if now - began > CHEAP_SECONDS else 0.0
        fresh, valid = (min(factor * cost, MAX_AGE) for factor in (FRESH_FACTOR, COST_FACTOR))
        self._held = _Computed(value, now + fresh, now + max(valid, self._kept if cost else 0.0))
        return value
