"""One round trip to a Redis server: its replies, its refusals, and what it counts as ours."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
from pydantic import SecretStr
from redis import Redis

from exporter.errors import RequestFailed, SourceTimeout, SourceUnreachable
from exporter.sources.redis_client import RedisClient, make_redis_client
from exporter.sources.redis_counts import CommandCounts
from tests.servers.redis_server import RedisServer

T = TypeVar("T")


@pytest.fixture
def limited(redis: Redis, redis_server: RedisServer) -> Iterator[str]:
    """The URL of a user who may only GET and EXISTS."""
    redis.acl_setuser(
        "limited", enabled=True, passwords=["+pw"], commands=["+get", "+exists", "+info"], keys=["*"]
    )
    yield redis_server.url.replace("redis://", "redis://limited:pw@")
    redis.acl_deluser("limited")


def asked(url: str, ask: Callable[[RedisClient], Awaitable[T]], timeout: float = 1.0) -> T:
    """What this asks of the server at this URL."""

    async def run() -> T:
        client = RedisClient("cache", SecretStr(url), timeout)
        try:
            return await ask(client)
        finally:
            await client.close()

    return asyncio.run(run())


def sent(before: CommandCounts, client: RedisClient) -> tuple[dict[str, int], dict[str, int]]:
    """The calls and the refusals that were counted since then."""
    own = client.counts.snapshot().since(before)
    return dict(own.calls), dict(own.rejected)


def test_a_refused_command_is_none_beside_others_and_an_error_alone(limited: str) -> None:
    async def ask(client: RedisClient) -> tuple[list[object], tuple[str, ...]]:
        found = await client.execute_or_none([("EXISTS", "a"), ("LLEN", "a")])
        with pytest.raises(RequestFailed, match="LLEN"):
            await client.execute_or_none([("LLEN", "a"), ("HLEN", "a")])
        with pytest.raises(RequestFailed, match=r"\+llen"):
            await client.execute_granted([("EXISTS", "a"), ("LLEN", "a")])
        with pytest.raises(RequestFailed, match="LLEN"):
            await client.execute_one("LLEN", "a")
        return found, client.permission_errors

    found, refused = asked(limited, ask)
    assert found == [0, None]
    assert len(refused) == 2
    assert "LLEN" in refused[0]


def test_a_command_that_is_granted_again_is_no_permission_error(limited: str, redis: Redis) -> None:
    async def ask(client: RedisClient) -> list[tuple[str, ...]]:
        await client.execute([("LLEN", "a"), ("HLEN", "a")])
        seen = [client.permission_errors]
        redis.acl_setuser("limited", commands=["+llen"], keys=["*"], passwords=["+pw"], enabled=True)
        await client.execute([("LLEN", "a")])
        return [*seen, client.permission_errors]

    before, after = asked(limited, ask)
    assert (len(before), len(after)) == (2, 1)
    assert "HLEN" in after[0]


def test_what_was_sent_is_counted_and_what_was_refused_is_no_call(limited: str) -> None:
    async def ask(client: RedisClient) -> tuple[dict[str, int], dict[str, int]]:
        before = client.counts.snapshot()
        await client.execute([("EXISTS", "a"), ("LLEN", "a"), ("EXISTS", "b")])
        return sent(before, client)

    assert asked(limited, ask) == ({"auth": 1, "exists": 2}, {"llen": 1})


def test_commands_to_a_server_that_is_away_were_not_sent(own_redis_server: RedisServer) -> None:
    own_redis_server.stop()

    async def ask(client: RedisClient) -> tuple[dict[str, int], dict[str, int]]:
        before = client.counts.snapshot()
        with pytest.raises(SourceUnreachable, match="cache cannot be reached"):
            await client.execute([("PING",)])
        return sent(before, client)

    assert asked(own_redis_server.url, ask) == ({}, {})


def test_commands_to_a_silent_server_may_have_run(own_redis_server: RedisServer) -> None:
    async def ask(client: RedisClient) -> tuple[dict[str, int], dict[str, int]]:
        await client.execute([("PING",)])
        before = client.counts.snapshot()
        own_redis_server.freeze()
        with pytest.raises(SourceTimeout, match="cache did not respond in time"):
            await client.execute([("EXISTS", "a")])
        own_redis_server.thaw()
        return sent(before, client)

    assert asked(own_redis_server.url, ask, timeout=0.1) == ({"exists": 1}, {})


def test_the_info_that_is_being_made_does_not_count_itself(redis_server: RedisServer) -> None:
    async def ask(client: RedisClient) -> tuple[object, CommandCounts]:
        await client.execute([("PING",)])
        return await client.info()

    info, own = asked(redis_server.url, ask)
    assert isinstance(info, dict)
    assert "cmdstat_info" in info or "redis_version" in info
    assert (own.calls["info"], own.calls["ping"], own.totals["commands"]) == (0, 1, 1)


@pytest.mark.parametrize("url", [None, "amqp://127.0.0.1", "redis+cluster://127.0.0.1"])
def test_there_is_no_client_of_another_kind_of_server(url: str | None) -> None:
    assert make_redis_client("cache", None if url is None else SecretStr(url), 1.0) is None


def test_a_client_knows_its_database(redis_server: RedisServer) -> None:
    client = make_redis_client("cache", SecretStr(redis_server.database(3)), 0.5)
    assert client is not None
    assert (client.name, client.database, client.timeout) == ("cache", 3, 0.5)
