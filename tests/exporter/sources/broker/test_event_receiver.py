"""What worker events count as, told by a real Redis."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from redis import Redis

from tests.exporter.exporter_page import Watched, watching
from tests.exporter.worker_events import CHANNEL, counts, event, hearing, heartbeat, life, seen, tell, wrapped
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

ON = {"name": "app.index", "queue_name": "urgent"}


@pytest.fixture
def exporter(redis: Redis, redis_server: RedisServer) -> Iterator[Watched]:
    """An exporter that listens."""
    with watching(celery={"broker_url": redis_server.url, "newborn": 0}) as it:
        hearing(it)
        yield it


@pytest.mark.parametrize("batch", [1, 24])
def test_events_count_alike_alone_and_in_batches(redis: Redis, exporter: Watched, batch: int) -> None:
    tell(redis, [e for _ in range(30) for e in life()], batch)
    seen(exporter, 120)
    page = counts(exporter)
    for what in ("sent", "received", "started", "succeeded"):
        assert page.value(f"celery_task_{what}_total", **ON) == 30
    assert page.value("celery_task_runtime_count", **ON) == 30
    assert page.value("celery_task_runtime_sum", **ON) == pytest.approx(6.0)
    assert page.value("celery_task_runtime_bucket", **ON, le="0.1") == 0
    assert page.value("celery_task_runtime_bucket", **ON, le="0.25") == 30


def test_failures_are_counted_by_class_and_never_by_message(redis: Redis, exporter: Watched) -> None:
    tell(
        redis,
        [
            *life(ends="task-failed", exception="ValueError('secret of ada')", traceback="..."),
            *life(ends="task-failed", exception="app.errors.Broken(1)", traceback=None),
            *life(
                ends="task-failed", exception="<odd repr>", traceback="Traceback:\n  x\nlib.OddError: why\n"
            ),
            *life(ends="task-failed", exception=None, traceback=7),
        ],
    )
    seen(exporter, 16)
    page = counts(exporter)
    failed = {labels["exception"]: n for labels, n in page.series("celery_task_failed_total", **ON)}
    assert failed == {"ValueError": 1, "Broken": 1, "OddError": 1, "unknown": 1}
    assert "ada" not in page.text


def test_a_task_known_to_us_has_every_outcome_at_zero(redis: Redis, exporter: Watched) -> None:
    tell(redis, life())
    seen(exporter, 4)
    page = counts(exporter)
    for what in ("retried", "rejected", "revoked", "failed"):
        assert page.value(f"celery_task_{what}_total", **ON) == 0


def test_waiting_begins_when_the_task_is_due(redis: Redis, exporter: Watched) -> None:
    sent, received, started, succeeded = life()
    now = sent["timestamp"]
    sent["eta"] = datetime.fromtimestamp(now + 0.5, UTC).isoformat()
    started["timestamp"] = now + 0.8
    tell(redis, [sent, received, started, succeeded])
    seen(exporter, 4)
    page = counts(exporter)
    assert page.value("celery_task_queue_wait_time_sum", **ON) == pytest.approx(0.3, abs=0.01)


def test_a_clock_slightly_behind_waits_no_less_than_nothing(redis: Redis, exporter: Watched) -> None:
    sent, received, started, succeeded = life()
    started["timestamp"] = sent["timestamp"] - 0.4
    tell(redis, [sent, received, started, succeeded])
    seen(exporter, 4)
    page = counts(exporter)
    assert page.value("celery_task_queue_wait_time_sum", **ON) == 0
    assert page.value("celery_task_queue_wait_time_count", **ON) == 1


def test_a_host_whose_clock_is_an_hour_off_does_not_wait_an_hour(redis: Redis, exporter: Watched) -> None:
    sent, received, started, succeeded = life()
    for told in (received, started, succeeded):
        told["hostname"] = "one@elsewhere"
        told["timestamp"] += 3600
    tell(redis, [sent, received, started, succeeded])
    seen(exporter, 4)
    waited = counts(exporter).value("celery_task_queue_wait_time_sum", **ON)
    assert waited == pytest.approx(0.0, abs=0.5)


def test_a_sent_event_may_come_last(redis: Redis, exporter: Watched) -> None:
    sent, received, started, _ = life()
    tell(redis, [received, started, sent])
    seen(exporter, 3)
    page = counts(exporter)
    assert page.value("celery_task_sent_total", **ON) == 1
    assert page.value("celery_task_queue_wait_time_count", **ON) == 1


def test_a_received_task_waits_for_its_sent_event_to_name_the_queue(redis: Redis, exporter: Watched) -> None:
    sent, received, _, _ = life()
    tell(redis, [received, sent])
    seen(exporter, 2)
    assert counts(exporter).value("celery_task_received_total", **ON) == 1


def test_without_sent_events_the_queue_is_unknown_and_the_count_is_right(
    redis: Redis, exporter: Watched
) -> None:
    tell(redis, life()[1:2])
    known = {"name": "app.index", "queue_name": "unknown"}
    eventually(lambda: counts(exporter).value("celery_task_received_total", **known) == 1)


def test_a_task_whose_beginning_was_missed_still_counts(redis: Redis, exporter: Watched) -> None:
    tell(redis, life(ends="task-failed", exception="ValueError(1)")[3:])
    seen(exporter, 1)
    page = counts(exporter)
    assert page.value("celery_task_failed_total", name="unknown", exception="ValueError") == 1


def test_what_is_no_event_is_counted_and_hurts_nothing(redis: Redis, exporter: Watched) -> None:
    odd = [
        None, 7, "text", {}, {"type": 3}, {"type": ["task-sent"]}, event("task-started"),
        event("task-started", uuid=["x"]), event("task-sent", uuid="1", name=5, queue="q"),
        event("task-succeeded", uuid="2", runtime=float("nan")),
        event("task-succeeded", uuid="3", runtime="x"), {**event("worker-heartbeat"), "hostname": None},
        {**event("task-sent", uuid="4"), "timestamp": "soon"},
    ]  # fmt: skip
    tell(redis, odd)
    for garbage in (
        b"",
        b"\xff\xfe",
        b"{",
        b'{"body": "',
        b'{"body": "!!!"}',
        b"[]",
        b'{"body": {"type": "x"}}',
    ):
        redis.publish(CHANNEL, garbage)
    redis.publish(CHANNEL, wrapped([[[]], life()[0]]))
    tell(redis, life())
    eventually(lambda: counts(exporter).value("celery_task_succeeded_total", **ON) == 1)
    counts(exporter)
    page = exporter.page("workers")
    bad = page.value("ops_events_undecodable_total") or 0
    assert len(odd) <= bad <= len(odd) + 8
    assert page.value("celery_task_sent_total", **ON) == 2
    assert page.value("ops_event_stream_connected") == 1


def test_events_of_other_kinds_are_seen_and_let_be(redis: Redis, exporter: Watched) -> None:
    tell(redis, [event("task-custom-progress", uuid="1"), event("my-own")])
    seen(exporter, 2)
    assert exporter.page("workers.up").value("ops_events_undecodable_total") == 0


def test_names_from_outside_are_bounded(redis: Redis, redis_server: RedisServer) -> None:
    bounds = {"newborn": 0, "tasks": 5, "task_queues": 8, "exceptions": 3, "workers": 10}
    with watching(celery={"broker_url": redis_server.url, **bounds}) as exporter:
        hearing(exporter)
        tell(
            redis,
            [
                told
                for n in range(300)
                for told in life(f"task{n}", f"queue{n % 40}", "task-failed", exception=f"Error{n}('x')")
            ]
            + [heartbeat(f"w{n}@h") for n in range(100)],
            batch=24,
        )
        seen(exporter, 1300)
        counts(exporter)
        page = exporter.page("workers")
        assert len(page.series("celery_worker_up")) <= 10
        assert len(page.series("celery_task_sent_total")) <= 9
        assert sum(n for _, n in page.series("celery_task_sent_total")) == 300
        assert len(page.series("celery_task_failed_total")) <= 9 + 2 * 8 + 9
        assert sum(n for _, n in page.series("celery_task_failed_total")) == 300
        lines = [line for line in page.text.splitlines() if not line.startswith("#")]
        assert len(lines) < 800


def test_a_worker_that_says_goodbye_is_down_at_once_and_up_when_it_comes_back(
    redis: Redis, exporter: Watched
) -> None:
    def up() -> float | None:
        return exporter.page("workers.up").value("celery_worker_up", hostname="one@here")

    tell(redis, [heartbeat(active=3)])
    eventually(lambda: up() == 1)
    assert exporter.page("workers.up").value("celery_worker_tasks_active") == 3
    tell(redis, [event("worker-offline", active=3)])
    eventually(lambda: up() == 0)
    assert exporter.page("workers.up").value("celery_worker_tasks_active") == 0
    # it may be restarting: that no worker is left is not known before its heartbeat is overdue
    assert exporter.page("workers.up").value("ops_workers_up") is None
    tell(redis, [event("worker-online")])
    eventually(lambda: up() == 1)
    assert exporter.page("workers.up").value("celery_worker_tasks_active") is None
