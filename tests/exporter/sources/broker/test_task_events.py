"""What becomes of a task by its events, one by one; the clock is the test's."""

from typing import Any

import pytest

from exporter.sources.broker.task_counters import TaskCounters, TaskCounts
from exporter.sources.broker.tasks import ClockSkew, TaskTracker, due_time
from exporter.sources.broker.tasks_in_flight import TasksInFlight, none_if_nan
from exporter.sources.broker.workers import BrokerWorkers

NAMED = {"uuid": "1", "name": "a", "queue": "q"}


def tracker(most: int = 100, hosts: int = 0) -> TaskTracker:
    """A tracker of so many tasks."""
    counters = TaskCounters(tasks=5000, pairs=5000, exceptions=5, hosts=hosts)
    return TaskTracker(counters, most, BrokerWorkers(most=10, timeout=15, forgotten=600))


def tell(it: TaskTracker, kind: str, now: float, **fields: Any) -> None:
    """Tell of one event at this time."""
    it.handlers()[kind]({"hostname": "one@here", "timestamp": now, "uuid": "1", **fields}, now)


def only(it: TaskTracker) -> TaskCounts:
    """The one tally there is."""
    (tally,) = it.counters.all()
    return tally


def test_every_event_counts_what_it_tells() -> None:
    it = tracker()
    for kind in ("task-sent", "task-received", "task-started", "task-retried", "task-started"):
        tell(it, kind, 1.0, **NAMED)
    tell(it, "task-rejected", 2.0, requeue=True)
    tell(it, "task-revoked", 3.0)
    tally = only(it)
    assert (tally.sent, tally.received, tally.started, tally.retried) == (1, 1, 2, 1)
    assert (tally.rejected, tally.revoked, tally.succeeded) == (1, 1, 0)
    assert (it.events, it.finished, it.failed) == (7, 0, 0)


@pytest.mark.parametrize(
    ("kind", "fields", "finished", "known"),
    [
        ("task-succeeded", {"runtime": 0.5}, (1, 0), False),
        ("task-failed", {"exception": "KeyError(1)"}, (1, 1), False),
        ("task-failed", {"exception": "Reject('no')"}, (1, 1), True),  # of which a second event tells
        ("task-rejected", {"requeue": False}, (0, 0), False),
        ("task-rejected", {"requeue": True}, (0, 0), True),
        ("task-retried", {}, (0, 0), True),
        ("task-revoked", {}, (0, 0), False),
    ],
)
def test_a_task_is_known_until_it_has_ended(
    kind: str, fields: dict[str, Any], finished: tuple[int, int], known: bool
) -> None:
    it = tracker()
    tell(it, "task-sent", 1.0, **NAMED)
    tell(it, kind, 2.0, **fields)
    assert (it.finished, it.failed) == finished
    assert (it.sent_at("1") == 1.0) is known


def test_a_run_time_is_counted_where_it_is_told() -> None:
    it = tracker()
    for fields in ({"runtime": 0.5}, {"runtime": None}, {}):
        tell(it, "task-succeeded", 1.0, **fields)
    spread = only(it).runtime.build()
    assert spread is not None
    assert (spread.count, spread.total, only(it).succeeded) == (1, 0.5, 3)


def test_a_task_without_a_queue_waits_a_second_for_its_name() -> None:
    it = tracker()
    tell(it, "task-received", 10.0, name="a")
    it.tick(11.0)
    assert it.counters.all() == []
    it.tick(11.1)
    assert (only(it).queue, only(it).received) == ("unknown", 1)
    tell(it, "task-received", 12.0, uuid="2", name="a")
    tell(it, "task-started", 12.1, uuid="2", name="a")
    assert only(it).started == 1  # no client names queues, so the next one need not wait


def test_no_more_tasks_wait_for_a_name_than_allowed() -> None:
    it = tracker(most=5000)
    for number in range(1000):
        tell(it, "task-received", 10.0, uuid=str(number), name=f"a{number}")
    assert it.counters.all() == []
    tell(it, "task-received", 10.0, uuid="1000", name="a1000")
    assert [(tally.name, tally.received) for tally in it.counters.all()] == [("a0", 1)]


def test_a_queue_is_named_by_a_routing_key_where_there_is_no_queue() -> None:
    it = tracker()
    for task_id, fields in (
        ("1", {"routing_key": "r"}),
        ("2", {"queue": "q", "routing_key": "r"}),
        ("3", {}),
    ):
        tell(it, "task-sent", 1.0, uuid=task_id, name=task_id, **fields)
    assert [tally.queue for tally in it.counters.all()] == ["r", "q", "unknown"]
    assert [*it.queues] == ["r", "q", "unknown"]


def test_no_more_queues_are_named_than_allowed() -> None:
    it = tracker()
    for number in range(210):
        tell(it, "task-sent", 1.0, uuid=str(number), name="a", queue=f"q{number}")
    assert len(it.queues) == 200


def test_a_wait_is_counted_also_where_the_sent_event_comes_late() -> None:
    it = tracker()
    it.remember_queue("a", "q")
    tell(it, "task-started", 5.0, name="a")
    tell(it, "task-sent", 5.5, **NAMED | {"timestamp": 4.5})
    spread = only(it).wait.build()
    assert spread is not None
    assert (spread.count, spread.total) == (1, 0.5)
    assert it.sent_at("1") is None


def test_a_message_that_was_sent_after_the_start_is_one_of_a_retry() -> None:
    it = tracker()
    it.remember_queue("a", "q")
    tell(it, "task-started", 5.0, name="a")
    tell(it, "task-sent", 5.5, **NAMED)
    assert only(it).wait.build() is None
    assert it.sent_at("1") == 5.5


def test_counts_are_of_the_machine_that_sent_and_of_the_worker_that_ran() -> None:
    it = tracker(hosts=5)
    tell(it, "task-sent", 1.0, hostname="7@client", **NAMED)
    tell(it, "task-received", 2.0, **NAMED)
    tell(it, "task-started", 3.0)
    tell(it, "task-succeeded", 4.0, hostname="two@here")
    found = {
        tally.host: (tally.sent, tally.received, tally.started, tally.succeeded)
        for tally in it.counters.all()
    }
    assert found == {"client": (1, 0, 0, 0), "one@here": (0, 1, 1, 0), "two@here": (0, 0, 0, 1)}


@pytest.mark.parametrize(
    ("eta", "due"),
    [(None, 50.0), ("1970-01-01T00:01:40", 100.0), ("1970-01-01T00:00:10", 50.0), ("soon", 50.0), (70, 70.0)],
)
def test_a_task_is_due_when_it_was_sent_or_later(eta: object, due: float) -> None:
    assert due_time({"eta": eta}, 50.0) == due


@pytest.mark.parametrize(
    ("timestamp", "local"),
    [
        (99.0, 99.0),  # a second on its way is no skew
        (98.9, 100.0),
        (101.0, 101.0),
        (101.1, 100.0),
        (100.0 - 1e9, 100.0 - 1e9),  # no clock is so wrong
        (100.0 + 1e9, 100.0 + 1e9),
    ],
)
def test_a_clock_is_wrong_by_more_than_a_second(timestamp: float, local: float) -> None:
    assert ClockSkew().to_local_time("a@host", timestamp, 100.0) == pytest.approx(local)


def test_the_skew_of_a_host_is_the_shortest_delay_of_two_windows() -> None:
    clocks = ClockSkew()
    clocks.rotate(60.0)
    assert clocks.to_local_time("a@host", 30.0, 100.0) == 100.0
    assert clocks.to_local_time("b@host", 90.0, 110.0) == 110.0
    assert clocks.to_local_time("b@other", 115.0, 115.0) == 115.0
    clocks.rotate(119.9)  # still the first window
    clocks.rotate(120.0)
    assert clocks.to_local_time("a@host", 50.0, 121.0) == 70.0
    clocks.rotate(180.0)
    assert clocks.to_local_time("a@host", 110.0, 181.0) == 181.0


def test_no_more_hosts_have_a_clock_than_allowed() -> None:
    clocks = ClockSkew()
    for number in range(999):
        clocks.to_local_time(f"a@host{number}", 100.0, 100.0)
    assert clocks.to_local_time("a@last", 50.0, 100.0) == 100.0
    assert clocks.to_local_time("a@late", 50.0, 100.0) == 50.0


@pytest.mark.parametrize(("most", "kept"), [(300, 298), (50, 50), (1, 1)])
def test_a_hundredth_of_the_oldest_tasks_makes_room(most: int, kept: int) -> None:
    tasks = TasksInFlight(most)
    for number in range(most + 1):
        tasks.add(str(number), "a", float(number)).sent_at = 1.0
    known = [number for number in range(most + 1) if tasks.sent_at(str(number)) is not None]
    assert known == [*range(most + 1 - kept, most + 1)]


def test_the_oldest_packed_tasks_make_room_before_those_in_use() -> None:
    it = tracker(most=100)
    for number in range(50):
        tell(it, "task-sent", 1.0, uuid=str(number), name="a", queue="q")
    it.pack()
    for number in range(50, 130):
        tell(it, "task-sent", 1.0, uuid=str(number), name="a", queue="q")
    assert [it.sent_at(str(number)) for number in (29, 30, 129)] == [None, 1.0, 1.0]


def test_tasks_are_forgotten_by_when_they_were_first_seen() -> None:
    tasks = TasksInFlight(10)
    for number in (1, 2, 3):
        tasks.add(str(number), "a", float(number)).sent_at = 9.0
    tasks.expire(2.0)
    assert [tasks.sent_at(str(number)) for number in (1, 2, 3)] == [None, 9.0, 9.0]
    found = tasks.pop("2")
    assert found is not None
    assert (found.name, found.seen_at, tasks.pop("2")) == ("a", 2.0, None)


def test_a_packed_task_is_unpacked_as_it_was() -> None:
    tasks, tally = TasksInFlight(10), TaskCounts("a", "q")
    for task_id, sent, started in (("1", None, 5.0), ("2", 4.0, None)):
        task = tasks.add(task_id, "a", 3.0)
        task.sent_at, task.started_at, task.counts = sent, started, tally
    tasks.pack()
    assert (tasks.sent_at("1"), tasks.sent_at("2")) == (None, 4.0)
    first, second = tasks.pop("1"), tasks.find("2")
    assert first is not None
    assert second is not None
    assert (first.name, first.seen_at, first.sent_at, first.started_at) == ("a", 3.0, None, 5.0)
    assert (second.sent_at, second.started_at, second.counts) == (4.0, None, tally)
    assert (none_if_nan(float("nan")), none_if_nan(0.0)) == (None, 0.0)


def test_a_task_of_an_impossible_kind_stays_known() -> None:
    tasks, tally = TasksInFlight(5000), TaskCounts("a", "q")
    for number in range(2001):
        task = tasks.add(str(number), f"a{number}", 1.0)
        task.sent_at, task.counts = 7.0, tally
    tasks.pack()
    assert [tasks.sent_at(number) for number in ("0", "1999", "2000")] == [7.0] * 3


def test_a_task_goes_where_the_last_of_its_name_went() -> None:
    it = tracker()
    tell(it, "task-sent", 1.0, **NAMED)
    tell(it, "task-received", 2.0, uuid="2", name="a")
    it.tick(4.0)
    assert (only(it).queue, only(it).received) == ("q", 1)
