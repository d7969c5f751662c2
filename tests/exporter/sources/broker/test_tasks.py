"""A sent event that comes last still names the queue; events that are kept for it hurt nobody."""

from collections.abc import Iterator

import pytest
from redis import Redis

from tests.exporter.exporter_page import Watched, watching
from tests.exporter.worker_events import event, hearing, life, seen, tell
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

ON = {"name": "app.index", "queue_name": "urgent"}
NOWHERE = {"name": "app.index", "queue_name": "unknown"}


@pytest.fixture
def exporter(redis: Redis, redis_server: RedisServer) -> Iterator[Watched]:
    """An exporter that listens."""
    with watching(celery={"broker_url": redis_server.url, "newborn": 0}) as it:
        hearing(it)
        yield it


@pytest.mark.parametrize("batch", [1, 24])
def test_every_outcome_is_counted_on_the_queue_that_is_named_last(
    redis: Redis, exporter: Watched, batch: int
) -> None:
    rejected = life("app.refuse", ends="task-failed", exception="Reject('no', False)", traceback=None)
    rejected.append(event("task-rejected", uuid=rejected[0]["uuid"], requeue=False))
    for sent, *rest in (life(), rejected):
        tell(redis, rest, batch)
        tell(redis, [sent])
    seen(exporter, 9)
    exporter.page("workers.tasks")  # a series is born at 0
    page = exporter.page("workers.tasks")
    refused = {"name": "app.refuse", "queue_name": "urgent"}
    assert page.value("celery_task_succeeded_total", **ON) == 1
    assert page.value("celery_task_runtime_count", **ON) == 1
    assert page.value("celery_task_rejected_total", **refused) == 1
    assert page.value("celery_task_failed_total", **refused, exception="Reject") == 1
    for task in (ON, refused):
        for what in ("sent", "received", "started"):
            assert page.value(f"celery_task_{what}_total", **task) == 1
        assert page.value("celery_task_queue_wait_time_count", **task) == 1
        assert page.series("celery_task_sent_total", name=task["name"], queue_name="unknown") == []


def test_only_the_first_task_of_a_name_waits_in_vain(redis: Redis, exporter: Watched) -> None:
    tell(redis, life()[1:])
    eventually(lambda: exporter.page("workers.tasks").value("celery_task_succeeded_total", **NOWHERE) == 1)
    tell(redis, life()[1:])
    seen(exporter, 6)
    assert exporter.page("workers.tasks").value("celery_task_succeeded_total", **NOWHERE) == 2
    tell(redis, life())  # a client that does send them
    seen(exporter, 10)
    eventually(lambda: exporter.page("workers.tasks").value("celery_task_succeeded_total", **ON) == 1)


def test_a_burst_without_sent_events_is_counted_whole(redis: Redis, exporter: Watched) -> None:
    burst = [life() for _ in range(1500)]
    for place in (1, 2, 3):
        tell(redis, [events[place] for events in burst], batch=24)
    seen(exporter, 4500)
    eventually(lambda: exporter.page("workers.tasks").value("celery_task_received_total", **NOWHERE) == 1500)
    exporter.page("workers.tasks")  # a series is born at 0
    page = exporter.page("workers.tasks")
    assert page.value("celery_task_started_total", **NOWHERE) == 1500
    assert page.value("celery_task_succeeded_total", **NOWHERE) == 1500


def test_what_is_no_event_is_counted_also_after_it_was_kept(redis: Redis, exporter: Watched) -> None:
    _, received, started, _ = life()
    ends = event("task-succeeded", uuid=received["uuid"], runtime="x")
    tell(redis, [event("task-received", uuid="5", name=5), received, started, ends])

    def undecodable() -> float | None:
        return exporter.page("workers.up").value("ops_events_undecodable_total")

    eventually(lambda: undecodable() == 2)
    tell(redis, life("app.next", "other"))
    seen(exporter, 8)  # the thread lives
    eventually(lambda: exporter.page("workers.up").value("ops_event_stream_connected") == 1)
