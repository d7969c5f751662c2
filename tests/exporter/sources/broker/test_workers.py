"""A pool that takes tasks and starts none, told apart from one that is busy or waits."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis

from exporter.sources.broker.workers import (
    MAX_WAITING_TASKS,
    BrokerWorkers,
    ForeignWorkers,
    PoolState,
    UnstartedTasks,
    Worker,
    worker_key,
)
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


@pytest.mark.parametrize(
    ("state", "processes", "stalled"),
    [
        (PoolState(0.0, {"a": 30.0}), 1, False),
        (PoolState(0.0, {"a": 30.1}), 1, True),
        (PoolState(1.0, {"a": 99.0}), None, False),  # its one process may be the only one
        (PoolState(None, {"a": 99.0}), None, True),
        (PoolState(1.0, {"a": 99.0}), 2, True),
        (PoolState(0.0), 1, False),
    ],
)
def test_a_pool_is_stalled_while_a_process_is_free(
    state: PoolState, processes: int | None, stalled: bool
) -> None:
    assert state.is_stalled(30.0, processes, ()) is stalled


def test_the_longest_wait_is_that_of_the_oldest_task() -> None:
    assert PoolState(None, {"a": 3.0, "b": 5.0}).longest_wait == 5.0
    assert PoolState(None).longest_wait == 0.0


def test_a_task_waits_since_it_was_due_and_the_pool_last_moved() -> None:
    tasks = UnstartedTasks()
    tasks.add("1", "a", due=90.0, now=100.0)
    tasks.add("2", "a", due=105.0, now=100.0)
    tasks.add("3", "b", due=200.0, now=100.0)
    assert tasks.longest_waits(110.0) == {"a": 10.0}
    tasks.mark_ended("another", 104.0)
    assert tasks.longest_waits(110.0) == {"a": 6.0}
    tasks.mark_started("1", 107.0)
    assert tasks.longest_waits(110.0) == {"a": 3.0}
    tasks.mark_ended("2", 108.0)
    assert tasks.longest_waits(201.0) == {"b": 1.0}
    tasks.clear()
    assert tasks.longest_waits(999.0) == {}


def test_no_more_waiting_tasks_are_known_than_allowed() -> None:
    tasks = UnstartedTasks()
    for number in range(MAX_WAITING_TASKS + 1):
        tasks.add(str(number), f"task{number}", 1.0, 1.0)
    assert len(tasks.longest_waits(2.0)) == MAX_WAITING_TASKS == 2000


def test_workers_are_foreign_by_their_heartbeats_or_by_a_pattern() -> None:
    foreign = ForeignWorkers(["batch-*"])
    assert foreign.is_sender(heartbeat("own@here", sw_ident="watchroom"))
    assert foreign.is_sender(event("task-started", "own@here"))
    assert foreign.is_foreign("batch-1@there")
    assert not foreign.is_sender(heartbeat("two@here", sw_ident="py-celery"))


def test_no_more_foreign_workers_are_known_than_allowed() -> None:
    foreign = ForeignWorkers([])
    sent = [foreign.is_sender(heartbeat(f"w{number}@h", sw_ident="watchroom")) for number in range(1001)]
    assert sent == [True] * 1000 + [False]


def beaten(*beats: int, started: int = 0) -> list[int]:
    """Events found missing at each heartbeat that tells how many tasks were accepted."""
    worker, found = Worker(), []
    for processed in beats:
        found.append(worker.record_heartbeat({"processed": processed}, 1.0))
        worker.started += started
        started = 0
    return found


@pytest.mark.parametrize(
    ("beats", "started", "missed"),
    [
        ((5, 6, 6), 1, [0, 0, 0]),
        ((5, 6, 6, 6), 0, [0, 0, 1, 0]),
        ((5, 9, 12, 12), 2, [0, 0, 2, 3]),
        ((5, 9, 0, 3, 3), 0, [0, 0, 0, 0, 3]),  # a worker that starts anew counts anew
        ((5, 6, 6, 6), 3, [0, 0, 0, 0]),
    ],
)
def test_events_are_missing_where_a_worker_accepted_more(
    beats: tuple[int, ...], started: int, missed: list[int]
) -> None:
    assert beaten(*beats, started=started) == missed


def test_a_heartbeat_without_numbers_is_one_of_a_worker_that_is_online() -> None:
    worker = Worker()
    worker.online = False
    assert worker.record_heartbeat({"active": "x", "processed": None}, 7.0) == 0
    assert (worker.online, worker.last_heartbeat, worker.active) == (True, 7.0, None)
    worker.record_heartbeat({"active": 3}, 8.0)
    assert worker.active == 3.0


def test_the_pool_of_a_name_is_that_of_its_process_that_waits_longest() -> None:
    workers = BrokerWorkers(most=10, timeout=15, forgotten=600)
    handle = workers.handlers()
    for pid in (1, 2, 3):
        handle["worker-heartbeat"]({**heartbeat(active=pid), "pid": pid}, 100.0)
        for task in range(pid % 3):
            workers.record_received(
                {**event("task-received", uuid=f"{task}"), "pid": pid}, "a", pid, 100.0 - pid
            )
    (pool,) = workers.pool_states(115.0).values()
    assert (pool.active, pool.waiting) == (2.0, {"a": 17.0})
    assert workers.pool_states(115.1) == {}
    handle["worker-offline"]({**heartbeat(), "pid": 2}, 101.0)
    assert workers.pool_states(115.0)["one@here"].waiting == {"a": 16.0}


def test_what_a_worker_runs_is_known_by_its_own_events() -> None:
    workers = BrokerWorkers(most=10, timeout=15, forgotten=600)
    workers.handlers()["worker-online"](heartbeat(), 100.0)
    for uuid in ("1", "2", "3"):
        workers.record_received(event("task-received", uuid=uuid), "a", 100.0, 100.0)
    workers.record_started(event("task-started", "two@here", uuid="1"), 109.0)
    assert workers.pool_states(110.0)["one@here"].longest_wait == 10.0
    workers.record_started(event("task-started", uuid="1"), 104.0)
    assert workers.pool_states(110.0)["one@here"].longest_wait == 6.0
    workers.record_ended(event("task-failed", uuid="2"), 108.0)
    assert workers.pool_states(110.0)["one@here"].longest_wait == 2.0
    assert [worker.started for worker in workers.processes().values()] == [1]
    workers.clear_unstarted()
    assert workers.pool_states(110.0)["one@here"].waiting == {}


def test_a_worker_without_a_process_id_is_one_of_its_name() -> None:
    assert worker_key({"hostname": "one@here", "pid": 7}) == ("one@here", 7)
    assert worker_key({"hostname": "one@here", "pid": "7"}) == ("one@here", 0)
