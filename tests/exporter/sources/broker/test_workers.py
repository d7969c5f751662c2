"""A pool that takes tasks and starts none, told apart from one that is busy or waits."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis

from exporter.sources.broker.workers import PoolState
from tests.exporter.exporter_page import Watched, watching
from tests.exporter.worker_events import event, hearing, heartbeat, seen, tell
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually


@pytest.fixture
def exporter(redis: Redis, redis_server: RedisServer) -> Iterator[Watched]:
    """An exporter to which a second is long."""
    with watching(celery={"broker_url": redis_server.url, "stalled_after": 1.0}) as it:
        hearing(it)
        yield it


def received(uuid: str, **fields: Any) -> dict[str, Any]:
    """The event of a task that the worker has taken."""
    return event("task-received", uuid=uuid, name="app.index", **{"eta": None, "retries": 0, **fields})


def stalled(exporter: Watched) -> float | None:
    """How many workers are stalled."""
    return exporter.page("workers.up").value("ops_workers_stalled")


def test_a_worker_that_takes_tasks_and_starts_none_is_stalled(redis: Redis, exporter: Watched) -> None:
    redis.hset("unacked", "1", "message")
    tell(redis, [heartbeat(), received("1"), received("2")])
    seen(exporter, 3)
    assert stalled(exporter) == 0
    eventually(lambda: stalled(exporter) == 1)
    assert exporter.page("workers.up").value("ops_worker_stalled", hostname="one@here") == 1
    tell(redis, [event("task-started", uuid="1")])
    eventually(lambda: stalled(exporter) == 0)


@pytest.mark.parametrize(
    ("beat", "countdown"),
    [
        ({"active": 1}, None),  # its only process runs a long task
        ({}, 600.0),
    ],
)
def test_a_busy_worker_and_one_that_waits_for_a_countdown_are_not(
    redis: Redis, exporter: Watched, beat: dict[str, Any], countdown: float | None
) -> None:
    eta = None if countdown is None else datetime.fromtimestamp(time.time() + countdown, UTC).isoformat()
    fields = {"eta": eta}
    redis.hset("unacked", "1", "message")
    tell(redis, [heartbeat(**beat), received("1", **fields), received("2", **fields)])
    seen(exporter, 3)
    later = time.monotonic() + 2.5
    while time.monotonic() < later:
        assert stalled(exporter) == 0


def test_a_rate_limit_is_no_stall() -> None:
    stall = PoolState(active=0.0, waiting={"ingest": 100.0})
    assert stall.is_stalled(30, 4, ())
    assert not stall.is_stalled(30, 4, ("ingest",))
    assert not PoolState(4.0, {"ingest": 100.0}).is_stalled(30, 4, ())
    assert PoolState(3.0, {"ingest": 100.0}).is_stalled(30, 4, ())


def test_what_was_not_heard_is_no_stall(redis: Redis, exporter: Watched) -> None:
    tell(redis, [heartbeat(), received("1")])
    seen(exporter, 2)
    eventually(lambda: stalled(exporter) == 1)
    redis.client_kill_filter(_type="pubsub")
    eventually(lambda: exporter.page("workers.up").value("ops_event_stream_cuts_total") == 1)
    hearing(exporter)
    tell(redis, [heartbeat()])
    eventually(lambda: stalled(exporter) == 0)
