"""What is remembered of workers and tasks is bounded and fades; the clock is the test's."""

import tracemalloc
from typing import Any
from uuid import UUID, uuid4

import pytest

from exporter.sources.broker.task_counters import TaskCounters, TaskCounts
from exporter.sources.broker.tasks import ClockSkew, TaskTracker
from exporter.sources.broker.workers import BrokerWorkers


def tasks(most: int = 100) -> TaskTracker:
    """Tasks of which so many are followed."""
    return TaskTracker(
        TaskCounters(tasks=10, pairs=10, exceptions=5),
        most,
        BrokerWorkers(most=10, timeout=15, forgotten=600),
    )


def tell(of: TaskTracker, kind: str, now: float, **fields: Any) -> None:
    """Tell of one event at this time."""
    of.handlers()[kind]({"hostname": "one@here", "timestamp": now, **fields}, now)


def only(of: TaskTracker) -> TaskCounts:
    """The one tally there is."""
    (tally,) = of.counters.all()
    return tally


def test_no_more_tasks_are_followed_than_allowed() -> None:
    it = tasks(most=100)
    for number in range(500):
        tell(it, "task-sent", 1.0, uuid=str(number), name="a", queue="q")
    assert it.sent_at("399") is None
    assert it.sent_at("499") == 1.0


def test_tasks_that_never_end_are_forgotten() -> None:
    it = tasks()
    tell(it, "task-sent", 0.0, uuid="1", name="a", queue="q")
    it.tick(6 * 3600 - 1)
    assert it.sent_at("1") == 0.0
    it.tick(6 * 3600 + 1)
    assert it.sent_at("1") is None


def test_a_received_task_whose_queue_nobody_names_is_counted_where_it_last_went() -> None:
    it = tasks()
    it.remember_queue("a", "urgent")
    tell(it, "task-received", 10.0, uuid="1", name="a")
    assert it.counters.all() == []
    it.tick(12.0)
    assert (only(it).queue, only(it).received) == ("urgent", 1)


def test_no_more_routes_are_remembered_than_allowed_and_those_that_are_may_change() -> None:
    it = tasks()
    for number in range(2000):
        it.remember_queue(f"a{number}", "urgent")
    it.remember_queue("late", "urgent")
    it.remember_queue("a0", "slow")
    for task_id, name in (("1", "late"), ("2", "a0")):
        tell(it, "task-received", 10.0, uuid=task_id, name=name)
    it.tick(12.0)
    assert {(tally.name, tally.queue) for tally in it.counters.all()} == {("late", "unknown"), ("a0", "slow")}


def test_a_retry_waits_from_the_end_of_its_pause() -> None:
    it = tasks()
    tell(it, "task-sent", 0.0, uuid="1", name="a", queue="q")
    tell(it, "task-started", 1.0, uuid="1")
    # the new message is sent before the old run is said to be over
    tell(it, "task-sent", 2.0, uuid="1", name="a", queue="q", eta="1970-01-01T00:01:00+00:00")
    tell(it, "task-retried", 2.1, uuid="1")
    tell(it, "task-started", 60.5, uuid="1")
    spread = only(it).wait.build()
    assert spread is not None
    assert (spread.count, spread.total) == (2, 1.5)


def test_workers_are_down_after_a_while_and_forgotten_after_a_longer_one() -> None:
    workers = BrokerWorkers(most=10, timeout=15, forgotten=600)
    workers.handlers()["worker-heartbeat"]({"hostname": "one@here"}, 100.0)
    (worker,) = workers.all()["one@here"]
    assert workers.is_alive(worker, 50.0, 115.0) is True
    assert workers.is_alive(worker, 50.0, 116.0) is False
    assert workers.is_alive(worker, None, 116.0) is None
    assert workers.is_alive(worker, 110.0, 116.0) is None  # we were deaf until just now
    workers.expire(700.0)
    assert "one@here" in workers.all()
    workers.expire(701.0)
    assert workers.all() == {}


def test_the_longest_silent_worker_makes_room() -> None:
    workers = BrokerWorkers(most=2, timeout=15, forgotten=600)
    for second, name in enumerate(("a", "b", "a", "c")):
        workers.handlers()["worker-heartbeat"]({"hostname": name}, float(second))
    assert set(workers.all()) == {"a", "c"}


def test_a_clock_set_right_is_noticed_within_two_windows() -> None:
    clocks = ClockSkew()
    clocks.rotate(0.0)
    assert clocks.to_local_time("a@one", 3600.0, 0.0) == 0.0
    clocks.rotate(61.0)
    assert clocks.to_local_time("a@one", 61.0, 61.0) == 61.0 - 3600
    clocks.rotate(122.0)
    assert clocks.to_local_time("a@one", 122.0, 122.0) == 122.0


def test_a_message_that_was_long_on_its_way_is_no_wrong_clock() -> None:
    clocks = ClockSkew()
    assert clocks.to_local_time("a@one", 99.9, 100.0) == 99.9
    assert clocks.to_local_time("a@one", 100.0, 130.0) == 100.0


@pytest.mark.parametrize("timestamp", [float("nan"), float("inf"), float("-inf"), 1e300])
def test_an_impossible_time_does_not_spoil_its_host(timestamp: float) -> None:
    clocks = ClockSkew()
    clocks.to_local_time("a@one", timestamp, 100.0)
    assert clocks.to_local_time("a@one", 99.5, 100.0) == 99.5


def test_hosts_beyond_the_bound_are_taken_at_their_word() -> None:
    clocks = ClockSkew()
    for number in range(1500):
        clocks.to_local_time(f"a@host{number}", 100.0, 100.0)
    assert clocks.to_local_time("a@late", 4000.0, 100.0) == 4000.0
    clocks.rotate(100.0)
    clocks.rotate(200.0)
    clocks.rotate(300.0)
    assert clocks.to_local_time("a@late", 4000.0, 400.0) == 400.0


def test_a_burst_of_tasks_takes_little_memory() -> None:
    it, burst = tasks(most=3000), [str(uuid4()) for _ in range(3000)]
    tracemalloc.start()
    for place, task_id in enumerate(burst):
        tell(it, "task-sent", float(place), uuid=task_id, name="a" + "b" * (place % 2), queue="q")
        if place % 200 == 0:
            it.pack()
    it.pack()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken / len(burst) < 100
    assert it.sent_at(burst[7]) == 7.0


def test_a_burst_that_is_over_takes_no_memory() -> None:
    it, burst = tasks(most=3000), [str(uuid4()) for _ in range(3000)]
    tracemalloc.start()
    for kind in ("task-sent", "task-received", "task-started", "task-succeeded"):
        for task_id in burst:
            tell(it, kind, 1.0, uuid=task_id, name="a", queue="q")
        it.pack()
    it.tick(2.0)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 50_000
    assert only(it).succeeded == len(burst)


@pytest.mark.parametrize(
    "task_id", [str(UUID(int=5)), "58f760a5-fd75-4cf8-92ad-783c843a76c6", "5", "a task's own name"]
)
def test_a_task_that_rests_between_its_events_is_remembered(task_id: str) -> None:
    it = tasks()
    for second, kind in enumerate(("task-sent", "task-received", "task-started", "task-retried")):
        tell(it, kind, float(second), uuid=task_id, name="a", queue="q")
        it.pack()
    tell(it, "task-started", 9.0, uuid=task_id)
    it.pack()
    tell(it, "task-succeeded", 10.0, uuid=task_id)
    tally, spread = only(it), only(it).wait.build()
    assert (tally.sent, tally.received, tally.started, tally.retried, tally.succeeded) == (1, 1, 2, 1, 1)
    assert spread is not None
    assert (spread.count, spread.total) == (2, 2.0 + 9.0)
    assert it.sent_at(task_id) is None


def test_ids_that_are_alike_are_different_tasks() -> None:
    it, plain = tasks(), "00000000-0000-0000-0000-00000000000a"
    others = (plain.upper(), plain.replace("-", ""), f" {plain}", "10", "\uff10" + plain[1:])
    tell(it, "task-sent", 1.0, uuid=plain, name="a", queue="q")
    it.pack()
    assert [it.sent_at(other) for other in others] == [None] * len(others)
    assert it.sent_at(plain) == 1.0


def test_a_task_that_waits_for_its_queue_is_not_put_to_rest() -> None:
    it = tasks()
    for second, kind in enumerate(("task-received", "task-started", "task-succeeded")):
        tell(it, kind, float(second) / 10, uuid="1", name="a")
        it.pack()
    assert it.counters.all() == []
    tell(it, "task-sent", 0.0, uuid="1", name="a", queue="urgent")
    it.pack()
    tally = only(it)
    assert (tally.queue, tally.received, tally.started, tally.succeeded) == ("urgent", 1, 1, 1)


def test_names_beyond_number_are_counted_as_well() -> None:
    it = tasks(most=10_000)
    for kind in ("task-sent", "task-started"):
        for number in range(3000):
            tell(it, kind, 1.0, uuid=str(uuid4() if number % 2 else number), name=f"a{number}", queue="q")
            it.pack()
    assert sum(tally.sent for tally in it.counters.all()) == 3000
    assert sum(tally.started for tally in it.counters.all()) == 3000


def test_a_time_that_is_none_spoils_no_other_task() -> None:
    it = tasks()
    tell(it, "task-sent", 1.0, uuid="1", name="a", queue="q")
    tell(it, "task-sent", float("nan"), uuid="2", name="a", queue="q")
    it.pack()
    tell(it, "task-started", 3.0, uuid="1")
    it.pack()
    assert it.sent_at("1") == 1.0
