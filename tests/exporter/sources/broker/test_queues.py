"""Which lists are read, and what their lengths say; on a real Redis, with the clock of the test."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from pydantic import SecretStr
from redis import Redis

from exporter.settings_queues import CelerySettings
from exporter.sources.broker.queues import (
    MAX_QUEUES,
    KnownQueues,
    ListLengths,
    QueueKeys,
    QueueLengths,
    UnackedMessages,
    first_score,
    read_unacked,
    split_keys,
)
from exporter.sources.redis_client import RedisClient
from tests.servers.redis_server import RedisServer

T = TypeVar("T")


def asked(server: RedisServer, ask: Callable[[RedisClient], Awaitable[T]]) -> T:
    """What this asks of the server."""

    async def run() -> T:
        client = RedisClient("broker", SecretStr(server.url), 1.0)
        try:
            return await ask(client)
        finally:
            await client.close()

    return asyncio.run(run())


def commands(redis: Redis) -> dict[str, int]:
    """How often EXISTS and LLEN were sent since the last call."""
    stats = redis.info("commandstats")
    redis.config_resetstat()
    return {name: stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("exists", "llen")}


def test_a_filled_list_is_found_and_read_by_itself_until_it_was_empty_for_long(
    redis: Redis, redis_server: RedisServer
) -> None:
    keys, now = [f"list{number}" for number in range(40)], [100.0]
    lengths = ListLengths(50, clock=lambda: now[0])
    seen: list[tuple[int | None, dict[str, int]]] = []

    async def ask(client: RedisClient) -> None:
        for at, waiting in ((100.0, 3), (101.0, 5), (102.0, 0), (111.0, 0), (111.1, 0)):
            now[0] = at
            redis.delete("list17")
            redis.rpush("list17", *["x"] * waiting) if waiting else None
            redis.config_resetstat()
            await lengths.read(client, keys)
            seen.append((lengths.length("list17"), commands(redis)))

    asked(redis_server, ask)
    # 40 lists, then 4 tens, then parts of 3, 3, 3 and 1, then the single lists
    assert seen[0] == (3, {"exists": 1 + 4 + 3, "llen": 1 + 3})
    by_itself = {"exists": 1, "llen": 1}
    assert seen[1:] == [(5, by_itself), (0, by_itself), (0, by_itself), (0, {"exists": 1, "llen": 0})]
    assert lengths.filled_keys() == ()


def test_lists_that_are_too_many_to_read_at_once_take_turns(redis: Redis, redis_server: RedisServer) -> None:
    keys, now = [f"list{number}" for number in range(4)], [100.0]
    lengths = ListLengths(2, clock=lambda: now[0])
    seen = []

    async def ask(client: RedisClient) -> None:
        for key in keys:
            redis.rpush(key, "x")
            now[0] += 1
            await lengths.read(client, keys)
        for key in keys:
            redis.rpush(key, "y")
        for _ in range(2):
            now[0] += 1
            await lengths.read(client, keys)
            seen.append(sum(lengths.length(key) == 2 for key in keys))

    asked(redis_server, ask)
    assert seen == [2, 4]


def test_a_key_of_another_type_has_no_length(redis: Redis, redis_server: RedisServer) -> None:
    redis.set("list", "text")
    lengths = ListLengths(5)
    asked(redis_server, lambda client: lengths.read(client, ["list"]))
    assert lengths.length("list") is None
    assert lengths.sustained_length("list") == 0
    assert lengths.length("another") == 0


@pytest.mark.parametrize(
    ("keys", "sizes"), [(1, [1]), (2, [1, 1]), (4, [1] * 4), (5, [2, 2, 1]), (500, [125] * 4)]
)
def test_a_group_is_divided_into_four_parts_at_most(keys: int, sizes: list[int]) -> None:
    parts = split_keys([str(number) for number in range(keys)])
    assert [len(part) for part in parts] == sizes
    assert [key for part in parts for key in part] == [str(number) for number in range(keys)]


@pytest.mark.parametrize(
    ("found", "score"),
    [(["a", "5.5"], 5.5), ([], None), (["a"], None), (["a", "inf"], None), (["a", "x"], None), (None, None)],
)
def test_the_score_of_a_first_member_is_a_finite_number(found: object, score: float | None) -> None:
    assert first_score(found) == score


def test_a_queue_has_a_list_for_each_priority() -> None:
    keys = QueueKeys(CelerySettings(key_prefix="shop-", separator="|", priority_steps=(0, 3)))
    assert keys.lists("urgent") == ["shop-urgent", "shop-urgent|3"]
    assert (keys.unacked, keys.unacked_index) == ("shop-unacked", "shop-unacked_index")


def test_the_oldest_unacknowledged_message_is_the_one_with_the_lowest_score(
    redis: Redis, redis_server: RedisServer
) -> None:
    redis.hset("unacked", mapping={"a": "1", "b": "2", "c": "3"})
    redis.zadd("unacked_index", {"a": 30, "b": 10.5, "c": 20})
    keys = QueueKeys(CelerySettings())
    assert asked(redis_server, lambda client: read_unacked(client, keys)) == UnackedMessages(3, 10.5)
    redis.delete("unacked", "unacked_index")
    assert asked(redis_server, lambda client: read_unacked(client, keys)) == UnackedMessages(0, None)


def test_queues_of_foreign_workers_are_hidden_until_one_of_ours_consumes_them() -> None:
    known = KnownQueues(CelerySettings(queues=("urgent",)))
    known.add({"batch", "urgent", "mail"})
    known.exclude({"urgent", "batch"})
    assert known.visible() == ("urgent", "mail")
    known.include({"batch"})
    assert known.visible() == ("urgent", "batch", "mail")


def test_queues_that_are_not_named_are_one_sum(redis: Redis, redis_server: RedisServer) -> None:
    for name in ("a", "b"):
        redis.rpush(name, "x", "x")
    known = KnownQueues(CelerySettings(queues=(), found_queues=0))
    known.add({"a", "b"})
    found = [asked(redis_server, known.read)]
    known._last_full_read = float("-inf")  # as seconds later
    redis.rpush("a", "x")
    found.append(asked(redis_server, known.read))
    assert [each.queues for each in found] == [{"other": 4}, {"other": 5}]
    assert [each.sustained for each in found] == [{"other": 0}, {"other": 4}]
    assert [each.merged_queues for each in found] == [2, 2]


def test_no_more_queues_are_known_than_allowed() -> None:
    known = KnownQueues(CelerySettings(queues=("urgent",), found_queues=100))
    known.add(f"q{number:05}" for number in range(MAX_QUEUES + 10))
    assert len(known._all()) == 1 + MAX_QUEUES


@pytest.mark.parametrize(
    ("queues", "sustained", "grown"),
    [({"a": 3}, {"a": 3}, False), ({"a": 4}, {"a": 3}, True), ({"a": 3}, {}, False)],
)
def test_a_queue_that_holds_more_than_at_the_last_read_has_grown(
    queues: dict[str, int], sustained: dict[str, int], grown: bool
) -> None:
    assert QueueLengths(queues, (), 0, sustained).has_grown is grown
