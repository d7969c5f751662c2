"""Replies of Redis servers on themselves, also of those that reply otherwise."""

import pytest
from pydantic import SecretStr

from exporter.sources.json_object import JsonObject
from exporter.sources.redis_client import interval_for_commands
from exporter.sources.redis_server import (
    CommandLatencies,
    SlowLog,
    command_microseconds,
    is_same_server,
    parse_latencies,
    parse_slow_log,
)

SPIKE = ["command", 1_700_000_000, 250, 900]
ENTRY = [7, 1_700_000_000, 12_500, ["KEYS", "*"], "127.0.0.1:1", ""]


@pytest.mark.parametrize(
    ("replies", "log"),
    [
        ([3, [ENTRY], [SPIKE]], SlowLog(3, 7.0, 0.0125, (("command", 1.7e9, 0.25),))),
        ([0, [], []], SlowLog(0, None, None, ())),
        ([3, [ENTRY[:3]], [SPIKE[:3]]], SlowLog(3, 7.0, 0.0125, (("command", 1.7e9, 0.25),))),
        ([3, [ENTRY[:2]], [SPIKE[:2]]], SlowLog(3, None, None, ())),
        ([3, [["7", 5, 9]], [["a", "5", 9]]], SlowLog(3, None, None, ())),
        ([3, [[7, 5, "9"]], [["a", 5, "9"], SPIKE]], SlowLog(3, None, None, (("command", 1.7e9, 0.25),))),
        ([None, "text", None], SlowLog(None, None, None, ())),
        (["3", [None], [None]], SlowLog(None, None, None, ())),
    ],
)
def test_the_slow_log_holds_what_the_server_tells(replies: list[object], log: SlowLog) -> None:
    assert parse_slow_log(replies) == log


def test_the_latencies_of_each_command_are_in_buckets() -> None:
    reply = ["get", ["calls", 5, "histogram_usec", [1, 2, 4, 5]], "set", ["calls", 1, "histogram_usec", []]]
    assert dict(parse_latencies(reply)) == {
        "get": CommandLatencies(5.0, {1.0: 2.0, 4.0: 5.0}),
        "set": CommandLatencies(1.0, {}),
    }


@pytest.mark.parametrize(
    ("details", "found"),
    [
        (["calls", 5, "histogram_usec"], {}),
        (["calls", "5", "histogram_usec", [1, 2]], {}),
        ("calls", {}),
        (["calls", 5, "histogram_usec", "x"], {"get": CommandLatencies(5.0, {})}),
        (["calls", 5, "histogram_usec", [1, "2", 4, 5, "8", 9]], {"get": CommandLatencies(5.0, {4.0: 5.0})}),
    ],
)
def test_latencies_in_another_form_are_left_out(details: object, found: dict[str, CommandLatencies]) -> None:
    assert dict(parse_latencies(["get", details])) == found
    assert dict(parse_latencies(details)) == {}


def test_the_time_of_a_command_that_has_none_is_0() -> None:
    info = {"cmdstat_get": {"calls": 3, "usec": 25}, "cmdstat_set": {"calls": 1}, "used_memory": 5}
    assert command_microseconds(JsonObject(info, "INFO")) == {"get": 25.0, "set": 0.0}


@pytest.mark.parametrize(
    ("url", "other", "same"),
    [
        ("redis://a:6379/0", "redis://a:6379/1", True),
        ("redis://a/0", "redis://:secret@a:6379", True),
        ("redis://a:6379", "redis://a:6380", False),
        ("redis://a", "redis://b", False),
        ("redis://a", None, False),
        (None, "redis://a", False),
        ("redis://a", "amqp://a", False),
        ("amqp://a", "redis://a", False),
        ("amqp://a", "amqp://a", False),
        (None, None, False),
    ],
)
def test_servers_are_the_same_where_their_address_is(url: str | None, other: str | None, same: bool) -> None:
    first, second = (None if it is None else SecretStr(it) for it in (url, other))
    assert is_same_server(first, second) is same


@pytest.mark.parametrize(("commands", "interval"), [(0, 60), (360, 60), (600, 100), (10**6, 3600)])
def test_a_poll_of_many_commands_comes_less_often_and_once_an_hour_at_least(
    commands: int, interval: float
) -> None:
    assert interval_for_commands(60, commands) == interval
