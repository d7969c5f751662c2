"""INFO with the users' commands alone, from one look to the next."""

from typing import Any

import pytest
from redis.exceptions import NoPermissionError, ResponseError

from exporter.sources.redis_counts import (
    CommandCounts,
    OwnCommandCounts,
    count_lookups,
    error_code,
    max_lookups,
)
from exporter.sources.redis_user_counts import UserCommandCounts, command_stat, own_count, server_counts


def stats(calls: float, usec: float = 0, rejected: float = 0, failed: float = 0) -> dict[str, float]:
    """The statistics of one command in INFO."""
    return {"calls": calls, "usec": usec, "rejected_calls": rejected, "failed_calls": failed}


def sent(**calls: int) -> CommandCounts:
    """So many calls of ours."""
    own = CommandCounts()
    own.calls.update(calls)
    own.totals["commands"] = sum(calls.values())
    return own


def test_every_count_of_the_server_is_found() -> None:
    info = {
        "total_commands_processed": 9, "keyspace_hits": 4, "total_connections_received": "x",
        "errorstat_ERR": {"count": 2}, "errorstat_WRONGTYPE": {}, "errorstat_OOM": 5,
        "cmdstat_get": stats(7, 70, 1, 2), "cmdstat_set": {"calls": 1}, "cmdstat_del": 3, "used_memory": 100,
    }  # fmt: skip
    assert server_counts(info) == {
        ("total", "commands"): 9, ("total", "hits"): 4, ("error", "ERR"): 2, ("error", "WRONGTYPE"): 0,
        ("calls", "get"): 7, ("usec", "get"): 70, ("rejected", "get"): 1, ("failed", "get"): 2,
        ("calls", "set"): 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "count"),
    [
        (("total", "commands"), 6), (("total", "hits"), 0), (("calls", "memory"), 5), (("calls", "get"), 1),
        (("calls", "memory|usage"), 3), (("rejected", "get"), 0), (("usec", "get"), 0), (("calls", "mem"), 0),
    ],
)  # fmt: skip
def test_our_part_of_a_count_holds_that_of_subcommands(key: tuple[str, str], count: float) -> None:
    own = sent(get=1, **{"memory|usage": 3, "memory|stats": 2})
    assert own_count(own, key) == count


def test_fields_that_are_no_counts_stay_as_they_are() -> None:
    info = {"redis_version": "7.2", "cmdstat_x": "odd", "errorstat_x": "odd", "cmdstat_get": stats(1)}
    assert UserCommandCounts().without(info, CommandCounts()) == {
        **info,
        "cmdstat_get": {"calls": 1, "usec": 0, "rejected_calls": 0, "failed_calls": 0},
    }


def test_calls_refusals_failures_and_errors_are_each_without_ours() -> None:
    users, own = UserCommandCounts(), CommandCounts()
    own.rejected["get"], own.failed["get"], own.errors["ERR"] = 1, 2, 3
    own.totals.update({"hits": 4, "misses": 5, "connections": 6})
    info = {
        "cmdstat_get": stats(10, 0, 10, 10), "errorstat_ERR": {"count": 10}, "keyspace_hits": 10,
        "keyspace_misses": 10, "total_connections_received": 10,
    }  # fmt: skip
    assert users.without(info, own) == {
        "cmdstat_get": stats(10, 0, 9, 8), "errorstat_ERR": {"count": 7}, "keyspace_hits": 6,
        "keyspace_misses": 5, "total_connections_received": 4,
    }  # fmt: skip


def test_the_counts_grow_by_what_users_add() -> None:
    users = UserCommandCounts()
    users.without({"cmdstat_get": stats(10, 100)}, sent(get=4))
    shown = users.without({"cmdstat_get": stats(20, 300)}, sent(get=9))
    # 60 of the first 100 microseconds, half of the next 200
    assert shown["cmdstat_get"] == stats(11, 160)


def test_a_command_of_ours_that_the_server_counts_later_is_no_users() -> None:
    users, shown = UserCommandCounts(), []
    for calls, own in ((10, 10), (10, 15), (12, 15), (15, 15), (16, 15)):
        shown.append(users.without({"cmdstat_get": stats(calls)}, sent(get=own))["cmdstat_get"]["calls"])
    assert shown == [0, 0, 0, 0, 1]


def test_commands_of_ours_that_the_server_had_not_counted_at_first_are_no_users() -> None:
    users = UserCommandCounts()
    shown = [
        users.without({"cmdstat_get": stats(calls)}, sent(get=8))["cmdstat_get"]["calls"]
        for calls in (5, 8, 10)
    ]
    assert shown == [0, 0, 2]


def test_after_a_restart_the_counts_go_on() -> None:
    users = UserCommandCounts()
    users.without({"cmdstat_get": stats(50, 500), "cmdstat_set": stats(8)}, sent(get=10))
    shown = users.without({"cmdstat_get": stats(7, 70)}, sent(get=15))
    assert shown["cmdstat_get"] == stats(40 + 2, 400 + 20)
    assert shown["cmdstat_set"] == {"calls": 8, "usec": 0, "rejected_calls": 0, "failed_calls": 0}
    again = users.without({"cmdstat_get": stats(9, 90)}, sent(get=15))
    assert again["cmdstat_get"] == stats(44, 440)


@pytest.mark.parametrize(
    ("slow_logs", "own_slow_logs", "own_refused", "shown"),
    [
        (2, 1, 0, (0, 5, 0, 0)),  # an earlier exporter read the slow log once, too
        (1, 1, 0, (8, 5, 18, 3)),
        (1, 0, 1, (8, 5, 19, 3)),
        (1, 0, 0, (0, 5, 0, 0)),
    ],
)
def test_what_an_earlier_exporter_may_have_sent_is_nobodys(
    slow_logs: int, own_slow_logs: int, own_refused: int, shown: tuple[float, ...]
) -> None:
    info = {
        "cmdstat_slowlog|get": stats(slow_logs), "cmdstat_exists": stats(9), "cmdstat_get": stats(5),
        "total_commands_processed": 20, "errorstat_NOPERM": {"count": 3},
    }  # fmt: skip
    own = sent(exists=1, **{"slowlog|get": own_slow_logs})
    own.rejected["slowlog|get"] = own_refused
    found = UserCommandCounts().without(info, own)
    assert shown == (
        found["cmdstat_exists"]["calls"],
        found["cmdstat_get"]["calls"],
        found["total_commands_processed"],
        found["errorstat_NOPERM"]["count"],
    )


def test_refused_reads_of_the_slow_log_also_tell_of_an_earlier_exporter() -> None:
    info = {"cmdstat_slowlog|get": stats(0, 0, 1), "cmdstat_exists": stats(9)}
    assert UserCommandCounts().without(info, sent())["cmdstat_exists"]["calls"] == 0


def test_a_server_of_old_has_one_statistic_for_all_subcommands() -> None:
    info: dict[str, Any] = {"cmdstat_slowlog": stats(4), "cmdstat_get": "odd", "cmdstat_set": {"calls": "x"}}
    assert command_stat(info, "slowlog|get", "calls") == 4
    assert command_stat({**info, "cmdstat_slowlog|get": stats(3)}, "slowlog|get", "calls") == 3
    assert [command_stat(info, name, "calls") for name in ("get", "set", "del")] == [0, 0, 0]


@pytest.mark.parametrize(
    ("command", "most", "reply", "found"),
    [
        (("EXISTS", "a", "b", "c"), (3, 3), 2, (2, 1)),
        (("EXISTS", "a"), (1, 1), None, (0, 1)),
        (("LLEN", "a"), (1, 1), 4, (1, 0)),
        (("LLEN", "a"), (1, 1), 0, (0, 1)),
        (("TYPE", "a"), (1, 1), "none", (0, 1)),
        (("TYPE", "a"), (1, 1), "list", (1, 0)),
        (("PING",), (0, 0), "PONG", (0, 0)),
    ],
)
def test_a_command_that_reads_keys_finds_some_and_misses_others(
    command: tuple[str, ...], most: tuple[int, int], reply: object, found: tuple[int, int]
) -> None:
    name = command[0].lower()
    assert max_lookups(name, command) == most
    assert count_lookups(name, command, reply) == found
    counts = OwnCommandCounts()
    counts.count_sent([command])
    before = counts.snapshot().totals
    assert (before["hits"], before["misses"], before["commands"]) == (*most, 1)
    counts.count_replies([command], [reply])
    after = counts.snapshot().totals
    assert (after["hits"], after["misses"], after["commands"]) == (*found, 1)


def test_a_failed_call_is_one_and_a_refused_call_is_none() -> None:
    counts = OwnCommandCounts()
    counts.count_call(("LLEN", "a"), ResponseError("WRONGTYPE Operation against a key"))
    counts.count_call(("INFO",), ResponseError("ERR why"))
    counts.count_call(("LLEN", "a"), NoPermissionError("this user has no permissions"))
    own = counts.snapshot()
    assert own.errors == {"WRONGTYPE": 1, "ERR": 1, "NOPERM": 1}
    assert own.failed == {"llen": 1, "info": 1}
    assert own.rejected == {"llen": 1}
    assert own.calls == {"llen": 1, "info": 1}
    assert (own.totals["commands"], own.totals["hits"], own.totals["misses"]) == (2, 1, 0)


def test_what_could_not_be_sent_was_not_sent() -> None:
    counts = OwnCommandCounts()
    counts.count_sent([("LLEN", "a"), ("PING",)])
    counts.count_unsent([("LLEN", "a"), ("PING",)])
    counts.count_connection("auth", "select")
    own = counts.snapshot()
    assert +own.calls == {"auth": 1, "select": 1}
    assert +own.totals == {"commands": 2, "connections": 1}


def test_the_difference_of_two_counts_is_what_was_added() -> None:
    counts = OwnCommandCounts()
    counts.count_sent([("PING",)])
    before = counts.snapshot()
    counts.count_sent([("PING",), ("PING",)])
    added = counts.snapshot().since(before)
    assert (added.calls, added.totals) == ({"ping": 2}, {"commands": 2})


@pytest.mark.parametrize(
    ("error", "code"),
    [(NoPermissionError("this user"), "NOPERM"), (ResponseError("WRONGTYPE a b"), "WRONGTYPE")],
)
def test_the_code_of_an_error_is_its_first_word(error: ResponseError, code: str) -> None:
    assert error_code(error) == code
