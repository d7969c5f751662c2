"""What heartbeats and inspection say together of workers and their queues."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr

from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.settings_queues import CelerySettings
from exporter.sources.broker.event_receiver import EventReceiver
from exporter.sources.broker.inspection import InspectReply
from exporter.sources.broker.worker_monitor import (
    WorkerMonitor,
    count_alive,
    count_consumers,
    is_any_alive,
    pool_limits,
    uninspected_workers,
)

Heard = tuple[str, float, dict[str, Any]]  # an event, how long ago it came, and its fields
URGENT, BATCH = InspectReply(queues={"urgent"}), InspectReply(queues={"batch"})


@pytest.mark.parametrize(
    ("states", "heard_long_enough", "alive"),
    [
        ({"a": True, "b": False, "c": None}, False, 1),
        ({"a": True, "b": True}, True, 2),
        ({"a": False}, True, 0),
        ({}, True, 0),
        ({}, False, None),
        ({"a": False}, False, None),  # another may not have been heard yet
        ({"a": False, "b": None}, True, None),
    ],
)
def test_no_worker_is_alive_only_where_that_is_certain(
    states: Mapping[str, bool | None], heard_long_enough: bool, alive: int | None
) -> None:
    assert count_alive(states, heard_long_enough) == alive


@pytest.mark.parametrize(
    ("inspected", "states", "alive", "consumers"),
    [
        ({"a": URGENT, "b": BATCH}, {"a": True, "b": True}, 2, 1),
        ({"a": URGENT, "b": URGENT}, {"a": True, "b": None}, 1, 2),
        ({"a": URGENT, "b": URGENT}, {"a": True, "b": False}, 1, 1),
        ({"a": BATCH}, {"a": True}, 1, 0),
        ({"a": BATCH}, {"a": True, "new": True}, 2, None),  # which may consume it
        ({"a": URGENT}, {"a": True, "new": True}, 2, 1),
        (None, {"a": True}, 1, None),
        (None, {}, 0, 0),
        ({"a": URGENT}, {"a": True}, None, 1),
    ],
)
def test_a_queue_has_the_consumers_that_replied_and_are_not_down(
    inspected: Mapping[str, InspectReply] | None,
    states: Mapping[str, bool | None],
    alive: int | None,
    consumers: int | None,
) -> None:
    assert count_consumers("urgent", inspected, states, alive) == consumers


def test_workers_that_are_alive_and_did_not_reply_are_new() -> None:
    states = {"known": True, "new": True, "down": False, "silent": None}
    assert uninspected_workers({"known": URGENT}, states) == {"new"}


@pytest.mark.parametrize(
    ("states", "alive"),
    [([True, False], True), ([None, True], True), ([False, None], None), ([False], False), ([], False)],
)
def test_a_name_is_alive_where_one_of_its_processes_is(states: list[bool | None], alive: bool | None) -> None:
    assert is_any_alive(states) is alive


def test_a_worker_that_did_not_reply_has_unknown_limits() -> None:
    assert pool_limits(None) == (None, set())
    assert pool_limits(InspectReply(processes=4, rate_limited={"a"})) == (4, {"a"})


def heard(since: float, *events: Heard, **settings: Any) -> WorkerMonitor:
    """A monitor of workers whose events came so many seconds ago, and that has listened for so long."""
    found = CelerySettings(worker_timeout=10.0, stalled_after=30.0, **settings)
    receiver = EventReceiver(found, SecretStr("redis://127.0.0.1:1"), 0)
    now = time.time()
    receiver._mark_heard(now)
    receiver._listening_since = now - since
    for kind, before, fields in events:
        handlers = receiver.workers.handlers() | receiver.tasks.handlers()
        handlers[kind]({"hostname": "one@here", "timestamp": now - before, **fields}, now - before)
    return WorkerMonitor(found, receiver)


BEAT: Heard = ("worker-heartbeat", 1.0, {"active": 0})
ANOTHER: Heard = ("worker-heartbeat", 1.0, {"active": 0, "hostname": "two@here"})
TAKEN: Heard = ("task-received", 40.0, {"uuid": "1", "name": "a"})
OLD_BEAT: Heard = ("worker-heartbeat", 60.0, {"active": 0})


@pytest.mark.parametrize(
    ("since", "events", "alive", "states"),
    [
        (60.0, (BEAT, ANOTHER), 2, {"one@here": True, "two@here": True}),
        (60.0, (BEAT, ("worker-offline", 0.5, {})), None, {"one@here": False}),
        (60.0, (("worker-offline", 15.0, {}),), 0, {"one@here": False}),
        (60.0, (OLD_BEAT,), 0, {"one@here": False}),
        (5.0, (OLD_BEAT,), None, {"one@here": None}),
        (60.0, (), 0, {}),
        (5.0, (), None, {}),
    ],
)
def test_workers_are_alive_by_what_was_heard_of_them(
    since: float, events: tuple[Heard, ...], alive: int | None, states: dict[str, bool | None]
) -> None:
    monitor = heard(since, *events)
    assert monitor.count_alive() == alive
    assert monitor.states() == states


def test_foreign_workers_are_not_alive_and_without_a_broker_nothing_is_known() -> None:
    monitor = heard(60.0, BEAT, ANOTHER, foreign_workers=("two@*",))
    assert (monitor.count_alive(), monitor.states()) == (1, {"one@here": True})
    nothing = WorkerMonitor(CelerySettings(), None)
    assert (nothing.count_alive(), nothing.states(), nothing.stalled_workers()) == (None, {}, ())


@pytest.mark.parametrize(
    ("events", "reply", "stalled"),
    [
        ((OLD_BEAT, TAKEN, BEAT), InspectReply(), ("one@here",)),
        ((OLD_BEAT, TAKEN, BEAT), InspectReply(tasks={"a"}, rate_limited={"a"}), ()),
        ((OLD_BEAT, TAKEN, ("worker-heartbeat", 1.0, {"active": 1})), InspectReply(), ()),
        (
            (OLD_BEAT, TAKEN, ("worker-heartbeat", 1.0, {"active": 1})),
            InspectReply(processes=2),
            ("one@here",),
        ),
        ((OLD_BEAT, ("task-received", 20.0, {"uuid": "1", "name": "a"}), BEAT), InspectReply(), ()),
        ((OLD_BEAT, TAKEN), InspectReply(), ()),
        ((BEAT,), InspectReply(), ()),
    ],
)
def test_a_worker_is_stalled_by_its_tasks_and_its_limits(
    events: tuple[Heard, ...], reply: InspectReply, stalled: tuple[str, ...]
) -> None:
    monitor = heard(90.0, *events)
    monitor.apply_replies({"one@here": reply})
    assert monitor.stalled_workers() == stalled


def test_replies_of_foreign_workers_name_queues_that_are_not_ours() -> None:
    monitor = heard(60.0, foreign_workers=("two@*",), tasks=2)
    replies = {
        "one@here": InspectReply({"urgent"}, tasks={"c", "b", "a"}),
        "two@here": InspectReply({"batch"}),
    }
    assert monitor.apply_replies(replies) == ({"urgent"}, {"batch"})
    assert [*monitor.replies] == ["one@here"]
    assert monitor._receiver is not None
    assert monitor._receiver.known_tasks == {"a", "b"}


def test_a_new_worker_is_inspected_once_ahead_of_its_turn() -> None:
    inspected = []

    async def inspect() -> dict[str, InspectReply]:
        inspected.append("all")
        return {}

    async def run() -> None:
        monitor, inspection = heard(60.0), Poller("inspection", inspect, PollPolicy(interval=60.0))
        for names in (set[str](), {"one@here"}, {"one@here"}, {"one@here", "two@here"}):
            monitor.inspect_soon(names, inspection)
            await monitor.close()
        assert len(inspected) == 2

    asyncio.run(run())
