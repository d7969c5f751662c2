"""How long the backend's own methods take and how many queries were slow, as it counts them itself."""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.cardinality import LabelLimiter
from exporter.clock import steady_time
from exporter.sources.backend.processes import ProcessCounterMerger
from exporter.sources.json_object import JsonObject

CounterKey = tuple[str, ...]
SLOW, CALLS, SECONDS = "slow", "calls", "seconds"


@dataclass(frozen=True)
class Performance:
    """Slow queries, and calls and seconds by method, since the processes started."""

    slow_queries: float | None
    calls: dict[str, float]
    seconds: dict[str, float]


class PerformanceTracker:
    """Turns each answer of /performance into totals over all processes."""

    def __init__(self, methods: int, label_length: int, clock: Callable[[], float] = steady_time) -> None:
        self._admitted = LabelLimiter(methods, label_length)
        self._clock = clock
        self._processes: ProcessCounterMerger[CounterKey] = ProcessCounterMerger()

    def read(self, answer: JsonObject, server: str, started: float | None) -> Performance:
        """The totals as of this answer of one process."""
        timings = answer.part("metrics", "method_timings")
        calls: dict[CounterKey, float] = {}
        seconds: dict[CounterKey, float] = {}
        for method in timings.keys():  # noqa: SIM118  (no dict)
            count, average = timings.number(method, "count"), timings.number(method, "average_ms")
            name = self._admitted.name(method)
            if count is not None and count >= 0:
                calls[CALLS, name] = calls.get((CALLS, name), 0.0) + count
                spent = max(average or 0.0, 0.0) / 1000 * count
                seconds[SECONDS, name] = seconds.get((SECONDS, name), 0.0) + spent
        slow = answer.number("metrics", "slow_query_count")
        counted = calls if slow is None or slow < 0 else {**calls, (SLOW,): slow}
        # an average times a count is rounded, and may be of the last calls only: it is not trusted to rise
        self._processes.saw(counted, self._clock(), server, started, loose=seconds)
        return performance_totals(self._processes.total())


def performance_totals(total: dict[CounterKey, float]) -> Performance:
    """The totals by what they mean."""
    return Performance(
        slow_queries=total.get((SLOW,)),
        calls={key[1]: value for key, value in total.items() if key[0] == CALLS},
        seconds={key[1]: value for key, value in total.items() if key[0] == SECONDS},
    )
