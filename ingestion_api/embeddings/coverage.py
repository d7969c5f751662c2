"""The embedding coverage of the resources by model, and the cache for such costly counts."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

from sqlalchemy import func, select

from ingestion_api.resources.table import ResourceTable

T = TypeVar("T")
CHEAP_SECONDS = 0.01  # seconds; a value that is cheaper is not cached
COST_FACTOR = 20  # a value is cached for so many times its cost, so that it takes a twentieth at most
MAX_AGE = 60.0  # seconds


@dataclass(frozen=True)
class Coverage:
    """How many resources there are, how many have a vector, by the model that made it."""

    total: int
    embedded: int
    by_model: dict[str, int]

    def outdated(self, model: str) -> dict[str, int]:
        """The number of vectors of each other model."""
        return {name: number for name, number in self.by_model.items() if name != model}


def read_coverage(resources: ResourceTable) -> Coverage:
    """Count the vectors by model."""
    model: Any = resources["sparse_embedding_model"]
    query = select(model, func.count()).where(~resources.without_vector()).group_by(model)
    with resources.engine.connect() as connection:
        total = connection.scalar(select(func.count()).select_from(resources.table)) or 0
        counts = {str(name or "unnamed"): int(count) for name, count in connection.execute(query)}
    return Coverage(total, sum(counts.values()), counts)


class CachedValue(Generic[T]):
    """One value for all threads; while one computes it, the others wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._until = float("-inf")
        self._values: list[T] = []

    def get(self, find: Callable[[], T]) -> T:
        """The value; raises what `find` raises."""
        with self._lock:
            began = self._clock()
            if self._values and began < self._until:
                return self._values[0]
            value = find()
            now = self._clock()
            cost = now - began
            self._until = now + min(COST_FACTOR * cost, MAX_AGE) if cost > CHEAP_SECONDS else now
            self._values = [value]
            return value
