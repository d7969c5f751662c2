"""Counts that begin: at 0, before the first event where the task is known, and for one scrape at least."""

import pytest
from redis import Redis

from exporter.metrics import HistogramData
from exporter.sources.broker.task_counters import (
    HistogramBuilder,
    TaskCounters,
    ZeroInitializer,
    exception_class,
    unqualified_name,
)
from tests.exporter.exporter_page import watching
from tests.exporter.worker_events import event, hearing, heartbeat, life, seen, tell
from tests.servers.redis_server import RedisServer


def test_a_first_failure_is_an_increase(redis: Redis, redis_server: RedisServer) -> None:
    with watching(celery={"broker_url": redis_server.url, "newborn": 0}) as exporter:
        hearing(exporter)
        tell(redis, [e for _ in range(8) for e in life(ends="task-failed", exception="ValueError()")])
        seen(exporter, 32)
        shown = [
            exporter.page("workers.tasks").value("celery_task_failed_total", exception="ValueError")
            for _ in range(3)
        ]
    assert shown == [0, 8, 8]


def test_a_new_series_is_held_at_0_for_as_long_as_scrapes_are_apart() -> None:
    now = [100.0]
    newborn = ZeroInitializer(15.0, clock=lambda: now[0])
    seen = []
    for at in (100.0, 101.0, 114.0, 115.0, 130.0):
        now[0] = at
        seen.append(newborn.counter(("failed", "a"), 8))
    assert seen == [0, 0, 0, 8, 8]
    spread = HistogramData({1.0: 2.0}, 3.0, 2.0)
    assert newborn.histogram("a", spread) == HistogramData({1.0: 0.0}, 0.0, 0.0)
    now[0] = 150.0
    assert newborn.histogram("a", spread) == spread


def test_two_workers_of_one_name_are_told_apart(redis: Redis, redis_server: RedisServer) -> None:
    with watching(celery={"broker_url": redis_server.url}) as exporter:
        hearing(exporter)
        beats = [{**heartbeat(processed=n), "pid": pid} for _ in range(3) for pid, n in ((1, 500), (2, 3))]
        tell(redis, beats)
        seen(exporter, 6)
        page = exporter.page("workers.up")
        assert page.value("ops_events_missed_total") == 0
        assert page.value("ops_workers_up") == 2
        assert page.value("celery_worker_up", hostname="one@here") == 1
        tell(redis, [{**event("worker-offline"), "pid": 2}])
        seen(exporter, 7)
        page = exporter.page("workers.up")
        assert page.value("ops_workers_up") == 1
        assert page.value("celery_worker_up", hostname="one@here") == 1


def test_foreign_workers_are_no_workers(redis: Redis, redis_server: RedisServer) -> None:
    celery = {"broker_url": redis_server.url, "foreign_workers": ["batch-*"]}
    with watching(celery=celery) as exporter:
        hearing(exporter)
        tell(
            redis,
            [heartbeat("one@here", sw_ident="watchroom"), heartbeat("batch-1@there"), heartbeat("two@here")],
        )
        tell(redis, [event("task-started", "batch-1@there", uuid="1")])
        seen(exporter, 4)
        page = exporter.page("workers")
        assert page.value("ops_workers_up") == 1
        assert [labels["hostname"] for labels, _ in page.series("celery_worker_up")] == ["two@here"]
        assert page.series("celery_task_started_total") == []


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"exception": "lib.OddError('x')"}, "OddError"),
        ({"exception": "KeyError", "traceback": "ValueError: x"}, "KeyError"),
        ({"exception": "odd error", "traceback": "ValueError: x\n  y: z\nlib.Late: w"}, "Late"),
        ({"exception": 5, "traceback": "ValueError"}, "ValueError"),
        ({"exception": "odd error", "traceback": "Early: x\n" + "  y\n" * 600}, "unknown"),
        ({"exception": "odd error", "traceback": 5}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_an_exception_is_named_by_its_class(fields: dict[str, object], name: str) -> None:
    assert exception_class(fields) == name


def test_the_name_after_the_last_dot_is_the_class() -> None:
    assert [unqualified_name(path) for path in ("a.b.C", "C", "a.", "")] == ["C", "C", "unknown", "unknown"]


def test_a_value_on_a_bound_is_within_it() -> None:
    histogram = HistogramBuilder((1.0, 2.0))
    assert histogram.build() is None
    for value in (0.0, 1.0, 1.5, 2.0, 9.0):
        histogram.add(value)
    assert histogram.build() == HistogramData({1.0: 2.0, 2.0: 4.0, float("inf"): 5.0}, 13.5, 5)


@pytest.mark.parametrize("value", [-0.1, 1e8, float("nan"), float("inf")])
def test_what_is_no_duration_is_not_counted(value: float) -> None:
    histogram = HistogramBuilder((1.0,))
    with pytest.raises(ValueError, match="not a duration"):
        histogram.add(value)
    assert histogram.build() is None


def test_tasks_beyond_the_bound_are_counted_together() -> None:
    counters = TaskCounters(tasks=10, pairs=2, exceptions=5)
    first, second = counters.for_task("a", "q"), counters.for_task("b", "q")
    third = counters.for_task("c", "q")
    assert counters.for_task("a", "q") is first
    assert counters.for_task("d", "r") is third
    assert [(each.name, each.queue) for each in (first, second, third)] == [
        ("a", "q"), ("b", "q"), ("other", "other"),
    ]  # fmt: skip
    assert counters.all() == [first, second, third]


def test_a_known_task_is_shown_at_0_once() -> None:
    counters = TaskCounters(tasks=10, pairs=10, exceptions=5)
    counters.start_at_zero("a")
    counters.for_task("b", "q")
    counters.start_at_zero("b")
    assert [(each.name, each.queue) for each in counters.all()] == [("a", "unknown"), ("b", "q")]


def test_workers_are_told_apart_where_the_settings_say_so() -> None:
    together = TaskCounters(tasks=10, pairs=10, exceptions=5)
    tally = together.for_task("a", "q")
    assert together.on_host(tally, "one@here") is tally
    apart = TaskCounters(tasks=10, pairs=10, exceptions=5, hosts=1)
    tally = apart.for_task("a", "q")
    assert apart.all() == [tally]
    one, two = apart.on_host(tally, "one@here"), apart.on_host(tally, "two@here")
    assert apart.on_host(tally, "one@here") is one
    assert [(each.name, each.queue, each.host) for each in (one, two)] == [
        ("a", "q", "one@here"), ("a", "q", "other"),
    ]  # fmt: skip
    assert apart.all() == [one, two]


def test_failures_are_counted_by_class_within_bounds() -> None:
    counters = TaskCounters(tasks=10, pairs=1, exceptions=10)
    tally = counters.for_task("a", "q")
    for name in ("A", "A", "B", "C", "D", "A", "unknown"):
        counters.count_failure(tally, name)
    assert [(name, count) for _, name, count in counters.failures()] == [
        ("unknown", 1), ("A", 3), ("B", 1), ("other", 2),
    ]  # fmt: skip
