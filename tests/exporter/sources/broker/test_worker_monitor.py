"""What heartbeats and inspection say together of workers and their queues."""

from collections.abc import Mapping

import pytest

from exporter.sources.broker.inspection import InspectReply
from exporter.sources.broker.worker_monitor import (
    count_alive,
    count_consumers,
    is_any_alive,
    pool_limits,
    uninspected_workers,
)

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
