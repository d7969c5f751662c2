"""Whether a Redis server lives: refused at once, silent only after two attempts, never for our own stall."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import SecretStr

from exporter.errors import SourceError
from exporter.sources.redis_client import RedisClient
from tests.exporter.exporter_page import watching
from tests.exporter.sources.test_redis_footprint import all_on, calls
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

T = TypeVar("T")
NAMES = ("redis_up", "ops_broker_up", "ops_ingestion_redis_up")
PARTS = ("cache.ping", "workers.up", "ingestion.ping")


def asked(server: RedisServer, look: Callable[[RedisClient], Awaitable[T]]) -> T:
    """What `look` sees through a client whose commands may take a second."""

    async def run() -> T:
        client = RedisClient("cache", SecretStr(server.url), 1.0)
        try:
            return await look(client)
        finally:
            await client.close()

    return asyncio.run(run())


async def lives(client: RedisClient) -> bool:
    """Whether the server is said to live, asked now."""
    return await client.ping("PING", 0.01).is_responding()


def test_a_short_silence_is_not_believed(own_redis_server: RedisServer) -> None:
    async def look(client: RedisClient) -> list[bool]:
        seen = [await lives(client)]
        own_redis_server.freeze()
        asyncio.get_running_loop().call_later(0.8, own_redis_server.thaw)
        ends = time.monotonic() + 1.6
        while time.monotonic() < ends:
            seen.append(await lives(client))
        return seen

    assert all(asked(own_redis_server, look))


def test_a_frozen_server_is_away_within_two_seconds(own_redis_server: RedisServer) -> None:
    async def look(client: RedisClient) -> float:
        assert await lives(client)
        own_redis_server.freeze()
        began = time.monotonic()
        while await lives(client):
            assert time.monotonic() - began < 5
        return time.monotonic() - began

    assert 0.9 < asked(own_redis_server, look) < 2.0


def test_a_stall_of_the_exporter_is_no_silence_of_the_server(own_redis_server: RedisServer) -> None:
    async def look(client: RedisClient) -> list[bool]:
        assert await lives(client)
        seen = []
        for _ in range(3):
            asking = asyncio.create_task(lives(client))
            await asyncio.sleep(0)
            time.sleep(1.5)  # noqa: ASYNC251  (the stall)
            seen.append(await asking)
        return seen

    assert asked(own_redis_server, look) == [True, True, True]


def test_a_refused_connection_counts_at_once(own_redis_server: RedisServer) -> None:
    async def look(client: RedisClient) -> float:
        assert await lives(client)
        own_redis_server.kill()
        began = time.monotonic()
        # while the first look is under way the server is believed to be well
        while await lives(client):
            assert time.monotonic() - began < 2
        return time.monotonic() - began

    assert asked(own_redis_server, look) < 0.6


def test_a_connection_that_was_closed_is_opened_anew(own_redis_server: RedisServer) -> None:
    async def look(client: RedisClient) -> bool:
        assert await lives(client)
        with own_redis_server.client() as other:
            other.client_kill_filter(_type="normal", skipme=True)
        return await lives(client)

    assert asked(own_redis_server, look)


def test_no_connection_is_left_half_open(own_redis_server: RedisServer) -> None:
    async def look(client: RedisClient) -> int:
        assert await lives(client)
        own_redis_server.freeze()
        for _ in range(4):
            await lives(client)
            try:
                await client.execute_one("DBSIZE")
            except SourceError:
                continue
        own_redis_server.thaw()
        with own_redis_server.client() as other:
            return await asyncio.to_thread(lambda: len(other.client_list()))

    assert asked(own_redis_server, look) <= 3


def test_a_server_that_is_named_thrice_is_pinged_once(own_redis_server: RedisServer) -> None:
    with own_redis_server.client() as client, watching(**all_on(own_redis_server)) as exporter:
        exporter.page(*PARTS)
        before = calls(client)["ping"]
        ends = time.monotonic() + 4
        while time.monotonic() < ends:
            page = exporter.page(*PARTS)
            assert all(page.value(name) == 1 for name in NAMES)
        pings = calls(client)["ping"] - before
    assert pings / 4 < 4.5  # 2.5 a second, and one of the subscription to events


def test_all_who_name_a_server_learn_at_once_that_it_is_away(own_redis_server: RedisServer) -> None:
    with watching(**all_on(own_redis_server)) as exporter:
        eventually(lambda: all(exporter.page(*PARTS).value(name) == 1 for name in NAMES))
        ends = time.monotonic() + 1
        while time.monotonic() < ends:
            exporter.page(*PARTS)
        own_redis_server.kill()
        began = time.monotonic()
        eventually(lambda: all(exporter.page(*PARTS).value(name) == 0 for name in NAMES), within=3)
        assert time.monotonic() - began < 0.7
        own_redis_server.start()
        eventually(lambda: all(exporter.page(*PARTS).value(name) == 1 for name in NAMES), within=12)
