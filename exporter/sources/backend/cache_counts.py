"""The cache as the backend's processes count it, summed over those behind the URL."""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.clock import steady_time
from exporter.errors import InvalidResponse
from exporter.sources.backend.processes import ProcessCounterMerger
from exporter.sources.json_object import JsonObject
from exporter.status import parse_status

CACHE_COUNTERS = ("hits", "misses", "invalidations")


@dataclass(frozen=True)
class CacheCounts:
    """Look-ups with and without a value, and values removed, since the processes started."""

    hits: float | None
    misses: float | None
    invalidations: float | None
    status: str  # what the last answer said of the cache


class CacheCountsTracker:
    """Turns each answer of /cache/stats into totals over all processes."""

    def __init__(self, clock: Callable[[], float] = steady_time) -> None:
        self._clock = clock
        self._processes: ProcessCounterMerger[str] = ProcessCounterMerger()

    def read(self, answer: JsonObject, server: str, started: float | None) -> CacheCounts:
        """The totals as of this answer of one process. Raises BadAnswer when it counts nothing."""
        numbers = answer.numbers("cache_stats")
        counted = {name: numbers[name] for name in CACHE_COUNTERS if numbers.get(name, -1) >= 0}
        if not counted:
            raise InvalidResponse(
                "backend /cache/stats answered without hits and misses; expected numbers from 0 up"
            )
        self._processes.saw(counted, self._clock(), server, started)
        total = self._processes.total()
        hits, misses, invalidations = (total.get(name) for name in CACHE_COUNTERS)
        return CacheCounts(hits, misses, invalidations, parse_status(answer.text("status")))
