"""The event bus of one process and of several: counts never fall, latencies are of the slowest."""

import itertools
from typing import Any

from tests.exporter.backend_double import BackendDouble, Says
from tests.exporter.exporter_page import Page, Watched, watching
from tests.servers.waiting import eventually

EVENTS = "/api/monitoring/events"


def bus(emitted: int, spent: float = 10.0, p95: float = 4.0, **more: Any) -> dict[str, Any]:
    """An answer of one process."""
    shape = {
        "events_emitted": emitted,
        "events_delivered": emitted,
        "handler_errors": 0,
        "total_handler_time_ms": spent,
        "total_emission_time_ms": spent + 1,
        "event_types": {"resource.created": emitted},
        "handler_latency_p50": p95 / 2,
        "handler_latency_p95": p95,
        "handler_latency_p99": p95 * 2,
        "emission_latency_p95": p95,
    }
    return {"status": "ok", "metrics": {**shape, **more}}


def page_where(exporter: Watched, name: str, value: float, **labels: str) -> Page:
    """The first page on which this series has this value."""

    def found() -> Page:
        page = exporter.page("event_bus")
        assert page.value(name, **labels) == value, page.value(name, **labels)
        return page

    return eventually(found)


def test_two_processes_that_answer_in_turn_are_one_bus(backend: BackendDouble) -> None:
    both = itertools.cycle([bus(21, 5.0, p95=3.0), bus(27, 8.0, p95=90.0)])
    backend.answers[EVENTS] = lambda: Says(next(both))
    seen: list[float] = []
    with watching(backend={"url": backend.url, "period": 0.05}) as exporter:
        page = page_where(exporter, "ops_event_bus_emitted_total", 48)
        for _ in range(8):
            asked = backend.asked[EVENTS]
            eventually(lambda asked=asked: backend.asked[EVENTS] > asked)  # type: ignore[misc]
            seen.append(exporter.page("event_bus.totals").value("ops_event_bus_emitted_total") or 0)
    assert set(seen) == {48}
    assert page.value("ops_event_bus_processes") == 2
    assert page.value("ops_event_bus_events_total", event="resource.created") == 48
    assert page.value("ops_event_bus_handler_duration_seconds", quantile="0.95") == 0.09
    assert page.value("ops_event_bus_handler_duration_seconds_sum") == 0.013


def test_processes_that_say_who_they_are_are_told_apart_at_once(backend: BackendDouble) -> None:
    both = itertools.cycle([("a", 5), ("b", 7)])

    def answer() -> Says:
        name, count = next(both)
        return Says(bus(count), headers={"X-Process": name})

    backend.answers[EVENTS] = answer
    with watching(backend={"url": backend.url, "period": 0.05}) as exporter:
        page_where(exporter, "ops_event_bus_emitted_total", 12)


def test_a_restart_of_the_only_process_is_a_reset(backend: BackendDouble) -> None:
    backend.says("/metrics", "process_start_time_seconds 1.8e+09\n")
    backend.says(EVENTS, bus(63, 300.0))
    own = {"url": backend.url, "period": 0.05, "fast_period": 0.01}
    with watching(backend=own) as exporter:
        page_where(exporter, "ops_event_bus_emitted_total", 63)
        backend.says("/metrics", "process_start_time_seconds 1.8001e+09\n")
        backend.says(EVENTS, bus(2, 1.0))
        page_where(exporter, "ops_event_bus_emitted_total", 2)


def test_an_unused_bus_has_no_latency_instead_of_one_of_0(backend: BackendDouble) -> None:
    backend.says(EVENTS, bus(0, 0.0, 0.0, total_emission_time_ms=0.0))
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page("event_bus.totals")
    assert page.value("ops_event_bus_emitted_total") == 0
    assert page.series("ops_event_bus_handler_duration_seconds") == []
    assert page.series("ops_event_bus_emission_duration_seconds") == []


def test_names_of_events_are_bounded(backend: BackendDouble) -> None:
    names = {f"made.up{number}" + "x" * 500: 1 for number in range(1000)}
    backend.says(EVENTS, bus(1000, event_types=names))
    with watching(backend={"url": backend.url}, limits={"event_types": 20}) as exporter:
        page = page_where(exporter, "ops_event_bus_events_total", 980, event="other")
    assert len(page.series("ops_event_bus_events_total")) == 21
    assert max(len(labels["event"]) for labels, _ in page.series("ops_event_bus_events_total")) <= 120
