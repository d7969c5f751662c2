"""Whether a Redis server lives, found out once for all who name it.

A server that refuses the connection is away at once. One that is silent is away after two attempts in a row,
the second on a fresh connection. What is waited is counted in slices, so that a stall of our own event
loop never counts as silence of the server.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from pydantic import SecretStr
from redis import exceptions
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError

from connections.redis_clients import explain_error
from connections.redis_url import RedisUrl
from exporter.sources.redis_connection import make_redis, parse_secret_url
from exporter.sources.redis_counts import OwnCommandCounts

LoginKey = tuple[Any, ...]
ATTEMPT_SHARE = 0.6  # of the time that a command may take; two of them fit into a scrape
SLICE = 0.05
# seconds for which one who asks waits for an attempt while the server was well a moment ago
SHORT_WAIT = 0.15
TRUSTED_AGE = 2.5  # a server that was well so long ago is believed to be so while it is tried


class SharedPing:
    """One login to one server, tried when somebody wants to know."""

    def __init__(self, redis: Redis, url: RedisUrl, timeout: float, own: OwnCommandCounts) -> None:
        self.watchers: list[Callable[[], None]] = []
        self.error: RedisError | None = None
        self._redis = redis
        self._url = url
        self._attempt_seconds = ATTEMPT_SHARE * timeout
        self._own = own
        self._well_at = self._tried_at = float("-inf")
        self._trying: asyncio.Task[None] | None = None

    async def check(self, fresh: float) -> RedisError | None:
        """None while the server lives, else why it is thought away; tried when that is older than `fresh`."""
        now = asyncio.get_running_loop().time()
        if self._trying is None and now - self._tried_at >= fresh:
            self._trying = asyncio.create_task(self._try(), name="try a Redis server")
        if self._trying is not None:
            believed = self.error is None and now - self._well_at < TRUSTED_AGE
            await asyncio.wait({self._trying}, timeout=SHORT_WAIT if believed else None)
        return self.error

    async def close(self) -> None:
        """Stop trying and close the connection."""
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.gather(self._trying, return_exceptions=True)
        self.watchers.clear()
        await self._redis.aclose()

    async def _try(self) -> None:
        was_well = self.error is None
        try:
            error = await self._attempt()
            if error is not None and was_well:
                error = await self._attempt()
            self.error = error
        finally:
            now = asyncio.get_running_loop().time()
            self._tried_at, self._trying = now, None
        if error is None:
            self._well_at = now
        if was_well != (error is None):
            for told in self.watchers:
                told()

    async def _attempt(self) -> RedisError | None:
        """One PING, and no connection left behind when it fails."""
        ping = asyncio.create_task(self._ping(), name="PING")
        left = self._attempt_seconds
        while left > 0 and not ping.done():
            await asyncio.wait({ping}, timeout=SLICE)
            left -= SLICE
        if ping.done():
            return ping.result()
        ping.cancel()
        await asyncio.gather(ping, return_exceptions=True)
        await self._redis.connection_pool.disconnect()
        return exceptions.TimeoutError("silent")

    async def _ping(self) -> RedisError | None:
        self._own.count_sent([("PING",)])
        try:
            reply: object = await self._redis.execute_command("PING")  # type: ignore[no-untyped-call]
        except NoPermissionError as error:
            reply = error  # it answers; that this user may not ask is another matter
        except RedisError as error:
            self._own.count_unsent([("PING",)])
            await self._redis.connection_pool.disconnect()
            return await explain_error(error, self._url)
        self._own.count_replies([("PING",)], [reply])
        return None


_pulses: WeakKeyDictionary[Any, WeakValueDictionary[LoginKey, SharedPing]] = WeakKeyDictionary()


def shared_ping(login: LoginKey, url: SecretStr, timeout: float, own: OwnCommandCounts) -> SharedPing:
    """The pulse that all of this event loop share who log in so; a connection belongs to its loop."""
    pulses = _pulses.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    key = (*login, timeout)
    pulse = pulses.get(key)
    if pulse is None:
        redis = make_redis(url, None, own, most=2)
        pulse = pulses[key] = SharedPing(redis, parse_secret_url(url), timeout, own)
    return pulse
