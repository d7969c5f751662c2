"""Counts that begin: at 0, before the first event where the task is known, and for one scrape at least."""

from redis import Redis

from exporter.metrics import HistogramData
from exporter.sources.broker.task_counters import ZeroInitializer
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
