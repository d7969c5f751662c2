"""Counters of the backend's own processes: event bus, timed methods, application cache."""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.cardinality import LabelLimiter
from exporter.clock import steady_time
from exporter.errors import InvalidResponse
from exporter.metrics import SummaryData
from exporter.sources.backend.processes import ProcessCounterMerger, ServerProcess
from exporter.sources.json_object import JsonObject
from exporter.status import parse_status

CounterKey = tuple[str, ...]
EMITTED, DELIVERED, ERRORS, EVENT = "events_emitted", "events_delivered", "handler_errors", "event"
TIME_COUNTERS = {"handler": "total_handler_time_ms", "emission": "total_emission_time_ms"}
LATENCY_QUANTILES = {0.5: "p50", 0.95: "p95", 0.99: "p99"}


@dataclass(frozen=True)
class EventBus:
    """Events since the processes started; latencies in seconds, of the slowest process."""

    emitted: float | None
    delivered: float | None
    errors: float | None
    by_event: dict[str, float]
    handlers: SummaryData
    emissions: SummaryData
    processes: int

    @property
    def handler_p95(self) -> float | None:
        """The 95th percentile of the handler duration, in seconds."""
        return self.handlers.values.get(0.95)


class EventBusTracker:
    """Turns each response of /events into the counts of the whole bus; payloads are never read."""

    def __init__(self, events: int, label_length: int, clock: Callable[[], float] = steady_time) -> None:
        self._labels = LabelLimiter(events, label_length)
        self._clock = clock
        self._processes: ProcessCounterMerger[CounterKey] = ProcessCounterMerger()

    def update(self, report: JsonObject, server: str, started: float | None) -> EventBus:
        """The bus as of this response of one process. Raises InvalidResponse without counters."""
        metrics = report.object("metrics")
        counters = self._counters(metrics)
        if (EMITTED,) not in counters:
            raise InvalidResponse(
                "backend /events returned without events_emitted; expected a number from 0 up"
            )
        process = self._processes.record(counters, self._clock(), server, started)
        process.gauges = metrics.numbers()
        return self._snapshot()

    def _counters(self, metrics: JsonObject) -> dict[CounterKey, float]:
        whole = (EMITTED, DELIVERED, ERRORS, *TIME_COUNTERS.values())
        numbers = metrics.numbers()
        counters: dict[CounterKey, float] = {
            (name,): numbers[name] for name in whole if numbers.get(name, -1) >= 0
        }
        for name, count in metrics.numbers("event_types").items():
            key = (EVENT, self._labels.name(name))
            counters[key] = counters.get(key, 0.0) + max(count, 0.0)
        return counters

    def _snapshot(self) -> EventBus:
        total, running = self._processes.total(), self._processes.recent(self._clock())
        handled = total.get((DELIVERED,), 0.0) + total.get((ERRORS,), 0.0)
        return EventBus(
            emitted=total.get((EMITTED,)),
            delivered=total.get((DELIVERED,)),
            errors=total.get((ERRORS,)),
            by_event={key[1]: count for key, count in total.items() if key[0] == EVENT},
            handlers=latency_quantiles("handler", total, running, handled),
            emissions=latency_quantiles("emission", total, running, None),
            processes=len(running),
        )


def latency_quantiles(
    kind: str, total: dict[CounterKey, float], running: list[ServerProcess[CounterKey]], count: float | None
) -> SummaryData:
    """The quantiles of the slowest process; none before any run, when they are 0.0."""
    spent = total.get((TIME_COUNTERS[kind],))
    values = {
        share: max((p.gauges[name] / 1000 for p in running if p.gauges.get(name, -1) >= 0), default=None)
        for share, name in (
            (share, f"{kind}_latency_{suffix}") for share, suffix in LATENCY_QUANTILES.items()
        )
    }
    return SummaryData(values if spent else {}, None if spent is None else spent / 1000, count)


def newest_event_time(history: JsonObject) -> float | None:
    """Unix seconds of the newest event of /events/history, None if it is empty."""
    moments = (event.timestamp("timestamp") for event in history.objects("events"))
    return max((moment for moment in moments if moment is not None), default=None)


SLOW, CALLS, SECONDS = "slow", "calls", "seconds"


@dataclass(frozen=True)
class Performance:
    """Slow queries, and calls and seconds by method, since the processes started."""

    slow_queries: float | None
    calls: dict[str, float]
    seconds: dict[str, float]


class PerformanceTracker:
    """Turns each response of /performance into totals over all processes."""

    def __init__(self, methods: int, label_length: int, clock: Callable[[], float] = steady_time) -> None:
        self._labels = LabelLimiter(methods, label_length)
        self._clock = clock
        self._processes: ProcessCounterMerger[CounterKey] = ProcessCounterMerger()

    def update(self, report: JsonObject, server: str, started: float | None) -> Performance:
        """The totals as of this response of one process."""
        timings = report.object("metrics", "method_timings")
        calls: dict[CounterKey, float] = {}
        seconds: dict[CounterKey, float] = {}
        for method in timings.keys():  # noqa: SIM118  (no dict)
            count, average = timings.number(method, "count"), timings.number(method, "average_ms")
            name = self._labels.name(method)
            if count is not None and count >= 0:
                calls[CALLS, name] = calls.get((CALLS, name), 0.0) + count
                spent = max(average or 0.0, 0.0) / 1000 * count
                seconds[SECONDS, name] = seconds.get((SECONDS, name), 0.0) + spent
        slow = report.number("metrics", "slow_query_count")
        counted = calls if slow is None or slow < 0 else {**calls, (SLOW,): slow}
        # an average times a count is rounded, and may cover the last calls only: it may fall
        self._processes.record(counted, self._clock(), server, started, non_monotonic=seconds)
        return performance_totals(self._processes.total())


def performance_totals(total: dict[CounterKey, float]) -> Performance:
    """The totals by kind."""
    return Performance(
        slow_queries=total.get((SLOW,)),
        calls={key[1]: value for key, value in total.items() if key[0] == CALLS},
        seconds={key[1]: value for key, value in total.items() if key[0] == SECONDS},
    )


CACHE_COUNTERS = ("hits", "misses", "invalidations")


@dataclass(frozen=True)
class CacheCounts:
    """Hits, misses and invalidations since the processes started."""

    hits: float | None
    misses: float | None
    invalidations: float | None
    status: str  # as the last response reports it


class CacheCountsTracker:
    """Turns each response of /cache/stats into totals over all processes."""

    def __init__(self, clock: Callable[[], float] = steady_time) -> None:
        self._clock = clock
        self._processes: ProcessCounterMerger[str] = ProcessCounterMerger()

    def update(self, report: JsonObject, server: str, started: float | None) -> CacheCounts:
        """The totals as of this response of one process. Raises InvalidResponse without counters."""
        numbers = report.numbers("cache_stats")
        counted = {name: numbers[name] for name in CACHE_COUNTERS if numbers.get(name, -1) >= 0}
        if not counted:
            raise InvalidResponse(
                "backend /cache/stats returned without hits and misses; expected numbers from 0 up"
            )
        self._processes.record(counted, self._clock(), server, started)
        total = self._processes.total()
        hits, misses, invalidations = (total.get(name) for name in CACHE_COUNTERS)
        return CacheCounts(hits, misses, invalidations, parse_status(report.text("status")))
