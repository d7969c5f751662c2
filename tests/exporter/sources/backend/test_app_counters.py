"""What the backend's processes count of themselves: bounded, summed, and in seconds."""

from typing import Any

import pytest

from exporter.errors import InvalidResponse
from exporter.metrics import SummaryData
from exporter.sources.backend.app_counters import (
    CacheCounts,
    CacheCountsTracker,
    EventBusTracker,
    PerformanceTracker,
    newest_event_time,
)
from exporter.sources.backend.processes import RECENT_SECONDS
from exporter.sources.json_object import JsonObject
from tests.exporter.clock import Clock

BUS = {
    "events_emitted": 6,
    "events_delivered": 7,
    "handler_errors": 2,
    "total_handler_time_ms": 1500,
    "total_emission_time_ms": 250,
    "event_types": {"made": 5, "gone": -1, "odd": "many"},
    "handler_latency_p50": 2,
    "handler_latency_p95": 40,
    "handler_latency_p99": -1,
    "emission_latency_p99": 8,
}


def response(**metrics: Any) -> JsonObject:
    """A response with these metrics."""
    return JsonObject({"metrics": metrics}, "backend /events")


def test_an_event_bus_is_counted_and_timed() -> None:
    bus = EventBusTracker(10, 20).update(response(**BUS), "a", None)
    assert (bus.emitted, bus.delivered, bus.errors, bus.processes) == (6, 7, 2, 1)
    assert bus.by_event == {"made": 5, "gone": 0}
    assert bus.handlers == SummaryData({0.5: 0.002, 0.95: 0.04, 0.99: None}, 1.5, 9)
    assert bus.emissions == SummaryData({0.5: None, 0.95: None, 0.99: 0.008}, 0.25, None)
    assert bus.handler_p95 == 0.04


def test_latencies_are_those_of_the_slowest_process_that_still_responds() -> None:
    times = Clock()
    tracker = EventBusTracker(10, 20, times)
    tracker.update(response(**BUS), "a", None)
    bus = tracker.update(response(**{**BUS, "handler_latency_p95": 30, "events_emitted": 1}), "b", None)
    assert (bus.emitted, bus.processes, bus.handlers.total, bus.handler_p95) == (7, 2, 3.0, 0.04)
    times.now = RECENT_SECONDS + 1
    bus = tracker.update(response(**{**BUS, "handler_latency_p95": 30}), "b", None)
    assert (bus.emitted, bus.processes, bus.handler_p95) == (12, 1, 0.03)


def test_a_bus_that_never_ran_has_no_latencies() -> None:
    idle = {"events_emitted": 0, "total_handler_time_ms": 0, "handler_latency_p95": 0.0}
    bus = EventBusTracker(10, 20).update(response(**idle), "a", None)
    assert bus.handlers == SummaryData({}, 0.0, 0.0)
    assert bus.emissions == SummaryData({}, None, None)
    assert (bus.handler_p95, bus.delivered, bus.errors) == (None, None, None)


def test_event_types_beyond_those_with_a_name_are_others() -> None:
    types = {"made": 5, "gone": 2, "changed": 3}
    bus = EventBusTracker(1, 20).update(response(events_emitted=10, event_types=types), "a", None)
    assert bus.by_event == {"made": 5, "other": 5}


@pytest.mark.parametrize("emitted", [None, -1, "many"])
def test_a_bus_without_a_count_is_no_response(emitted: object) -> None:
    with pytest.raises(InvalidResponse, match="/events returned without events_emitted"):
        EventBusTracker(10, 20).update(response(events_emitted=emitted, events_delivered=4), "a", None)


def test_the_newest_event_is_the_latest_one() -> None:
    events = [{"timestamp": 30}, {"timestamp": "1970-01-01T00:00:50Z"}, {"timestamp": None}, {}, 7]
    assert newest_event_time(JsonObject({"events": events}, "x")) == 50
    assert newest_event_time(JsonObject({"events": [{}]}, "x")) is None


def test_calls_and_seconds_by_method() -> None:
    timings = {
        "query": {"count": 4, "average_ms": 250},
        "index": {"count": 2, "average_ms": None},
        "odd": {"count": -1, "average_ms": 250},
        "undone": {"count": 0, "average_ms": 10},
        "backwards": {"count": 3, "average_ms": -10},
    }
    tracker = PerformanceTracker(10, 20)
    found = tracker.update(response(method_timings=timings, slow_query_count=3), "a", None)
    assert found.calls == {"query": 4, "index": 2, "undone": 0, "backwards": 3}
    assert found.seconds == {"query": 1.0, "index": 0, "undone": 0, "backwards": 0}
    assert found.slow_queries == 3


def test_methods_beyond_those_with_a_name_are_summed_as_others() -> None:
    timings = {name: {"count": n, "average_ms": 500} for name, n in (("a", 1), ("b", 2), ("c", 4))}
    found = PerformanceTracker(1, 20).update(response(method_timings=timings), "a", None)
    assert found.calls == {"a": 1, "other": 6}
    assert found.seconds == {"a": 0.5, "other": 3.0}
    assert found.slow_queries is None


@pytest.mark.parametrize(("slow", "shown"), [(0, 0), (-1, None), ("many", None)])
def test_a_count_of_slow_queries_below_0_is_none(slow: object, shown: float | None) -> None:
    found = PerformanceTracker(1, 20).update(response(slow_query_count=slow), "a", None)
    assert found.slow_queries == shown


def test_seconds_that_are_rounded_never_fall_and_are_summed_over_processes() -> None:
    tracker = PerformanceTracker(10, 20)

    def seconds(server: str, count: int, average: float) -> float:
        timings = {"query": {"count": count, "average_ms": average}}
        return tracker.update(response(method_timings=timings), server, None).seconds["query"]

    assert seconds("a", 10, 100) == 1.0
    assert seconds("a", 11, 90) == 1.0
    assert seconds("b", 1, 500) == 1.5


def cache(**numbers: Any) -> JsonObject:
    """A response of the cache."""
    return JsonObject({"status": "ok", "cache_stats": numbers}, "backend /cache/stats")


def test_the_cache_is_counted_over_processes() -> None:
    tracker = CacheCountsTracker()
    tracker.update(cache(hits=7, misses=2, hit_rate=0.7), "a", None)
    assert tracker.update(cache(hits=1, misses=0), "b", None) == CacheCounts(8, 2, None, "healthy")


@pytest.mark.parametrize("numbers", [{}, {"hit_rate": 0.5}, {"hits": -1, "misses": "two"}])
def test_a_cache_that_counts_nothing_is_no_response(numbers: dict[str, Any]) -> None:
    with pytest.raises(InvalidResponse, match="/cache/stats returned without hits and misses"):
        CacheCountsTracker().update(cache(**numbers), "a", None)


def test_a_count_of_0_is_a_count() -> None:
    found = CacheCountsTracker().update(cache(hits=0, misses=-1), "a", None)
    assert (found.hits, found.misses) == (0, None)
