"""The one ping that all clients of a server share: when it is sent, and what it tells them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import SecretStr
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from exporter.sources.redis_connection import SharedPing, shared_counts, shared_ping
from tests.servers.redis_server import RedisServer

T = TypeVar("T")


def pinging(server: RedisServer, look: Callable[[SharedPing], Awaitable[T]], timeout: float = 1.0) -> T:
    """What `look` sees of a ping of this server."""

    async def run() -> T:
        url = SecretStr(server.url)
        ping = shared_ping(("a", None), url, timeout, shared_counts(url))
        try:
            return await look(ping)
        finally:
            await ping.close()

    return asyncio.run(run())


def pings(redis: Redis) -> int:
    """The PINGs that the server has counted."""
    return int(redis.info("commandstats").get("cmdstat_ping", {"calls": 0})["calls"])


def test_a_ping_that_is_young_enough_serves_again(redis: Redis, redis_server: RedisServer) -> None:
    async def look(ping: SharedPing) -> list[int]:
        seen = []
        before = pings(redis)
        for fresh in (60.0, 60.0, 0.0, 60.0, 0.0):
            assert await ping.check(fresh) is None
            seen.append(pings(redis) - before)
        return seen

    assert pinging(redis_server, look) == [1, 1, 2, 2, 3]


def test_clients_with_one_login_share_it(redis_server: RedisServer) -> None:
    async def look(ping: SharedPing) -> list[bool]:
        url = SecretStr(redis_server.url)
        own = shared_counts(url)
        others = [
            shared_ping(login, url, seconds, own)
            for login, seconds in ((("a", None), 1.0), (("b", None), 1.0), (("a", None), 2.0))
        ]
        return [other is ping for other in others]

    assert pinging(redis_server, look) == [True, False, False]


def test_who_watches_learns_of_each_change_once(own_redis_server: RedisServer) -> None:
    async def look(ping: SharedPing) -> list[tuple[type[RedisError] | None, int]]:
        told: list[str] = []
        ping.watchers.append(lambda: told.append("changed"))
        seen: list[tuple[type[RedisError] | None, int]] = []
        for step in (None, None, own_redis_server.stop, None, own_redis_server.start, None):
            before = len(told)
            error = await ping.check(0.0) if step is None else None
            if step is not None:
                await asyncio.to_thread(step)
                # one that was up a moment ago is waited for only briefly
                async with asyncio.timeout(10):
                    while len(told) == before:
                        error = await ping.check(0.0)
            seen.append((None if error is None else type(error), len(told)))
        return seen

    up, away = None, RedisConnectionError
    assert pinging(own_redis_server, look) == [(up, 0), (up, 0), (away, 1), (away, 1), (up, 2), (up, 2)]


def test_a_silent_server_is_away_after_two_attempts_and_then_after_one(own_redis_server: RedisServer) -> None:
    async def look(ping: SharedPing) -> list[float]:
        loop = asyncio.get_running_loop()
        assert await ping.check(0.0) is None
        ping._up_at = float("-inf")  # it is long ago
        own_redis_server.freeze()
        took = []
        for _ in range(2):
            began = loop.time()
            assert isinstance(await ping.check(0.0), RedisTimeout)
            took.append(loop.time() - began)
        own_redis_server.thaw()
        return took

    first, second = pinging(own_redis_server, look, timeout=1.0)
    assert first > 1.15
    assert 0.55 < second < 1.15


def test_while_the_server_responded_a_moment_ago_nobody_waits_for_long(own_redis_server: RedisServer) -> None:
    async def look(ping: SharedPing) -> float:
        loop = asyncio.get_running_loop()
        assert await ping.check(0.0) is None
        own_redis_server.freeze()
        began = loop.time()
        assert await ping.check(0.0) is None
        own_redis_server.thaw()
        return loop.time() - began

    assert 0.1 < pinging(own_redis_server, look, timeout=2.0) < 1.0


def test_a_refused_ping_is_a_reply(redis: Redis, redis_server: RedisServer) -> None:
    redis.acl_setuser("mute", enabled=True, passwords=["+pw"], commands=["+get"], keys=["*"], reset=True)
    url = SecretStr(redis_server.url.replace("redis://", "redis://mute:pw@"))
    own = shared_counts(url)

    async def run() -> RedisError | None:
        before = own.snapshot()
        ping = shared_ping(("mute", "pw"), url, 1.0, own)
        error = await ping.check(0.0)
        await ping.close()
        added = own.snapshot().since(before)
        assert (added.rejected, added.calls) == ({"ping": 1}, {"auth": 1})
        return error

    try:
        assert asyncio.run(run()) is None
    finally:
        redis.acl_deluser("mute")
