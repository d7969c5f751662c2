"""Connections to a Redis server, counted with the commands that set them up, and its shared ping.

A server that refuses the connection is away at once. One that does not respond is away after two attempts in
a row, the second on a new connection. Waiting is counted in slices, so that a stall of our own event loop
never counts as a time-out of the server.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from pydantic import SecretStr
from redis import exceptions
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, RedisError

from connections.redis_clients import connection_arguments, connection_class, explain_error
from connections.redis_url import RedisUrl, parse_redis_url
from exporter.sources.redis_counts import OwnCommandCounts

MAX_CONNECTIONS = 8  # one for each poll that may be under way
_counts: WeakValueDictionary[str, OwnCommandCounts] = WeakValueDictionary()
_counts_lock = threading.Lock()


def make_redis(
    url: SecretStr, timeout: float | None, counts: OwnCommandCounts, most: int = MAX_CONNECTIONS
) -> Redis:
    """A client for this URL; nothing is opened before the first command. Raises ValueError for a bad URL."""
    found = parse_secret_url(url)
    how: dict[str, Any] = {
        # a key may hold any bytes; bytes that are no text survive the round trip
        "decode_responses": True,
        "encoding_errors": "surrogateescape",
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "max_connections": most,
        # neither a client name nor a newer protocol: each costs a command that older servers or ACLs refuse
        "protocol": 2,
        "driver_info": None,
    }
    kind = counting_connection_class(connection_class(found), counts)
    pool = ConnectionPool(connection_class=kind, **connection_arguments(found), **how)
    return Redis.from_pool(pool)


def counting_connection_class(base: Any, counts: OwnCommandCounts) -> Any:
    """The class of connection, with a count of the commands that connect it."""

    class Counted(base):  # type: ignore[misc]  # the class depends on the URL
        async def on_connect_check_health(self, check_health: bool = True) -> None:
            await super().on_connect_check_health(check_health)
            counts.count_connection(*setup_commands(self))

    return Counted


def setup_commands(connection: Any) -> list[str]:
    """The commands that a connection sends before it is ready."""
    auth = ["auth"] if connection.username or connection.password else []
    return [*auth, *(["select"] if connection.db else [])]


def parse_secret_url(url: SecretStr) -> RedisUrl:
    """The parsed URL. Raises ValueError."""
    return parse_redis_url(url.get_secret_value())


def shared_counts(url: SecretStr) -> OwnCommandCounts:
    """The counts that all clients of this server share."""
    address = parse_secret_url(url).address
    with _counts_lock:
        return _counts.setdefault(address, OwnCommandCounts())


LoginKey = tuple[Any, ...]
ATTEMPT_SHARE = 0.6  # share of a command's time-out; two attempts fit into a scrape
SLICE = 0.05
# seconds that a caller waits for an attempt while the server responded a moment ago
SHORT_WAIT = 0.15
TRUSTED_AGE = 2.5  # seconds since the last response within which the server counts as up during an attempt


class SharedPing:
    """PING over one login to one server, on demand, for all its clients."""

    def __init__(self, redis: Redis, url: RedisUrl, timeout: float, own: OwnCommandCounts) -> None:
        self.watchers: list[Callable[[], None]] = []
        self.error: RedisError | None = None
        self._redis = redis
        self._url = url
        self._attempt_seconds = ATTEMPT_SHARE * timeout
        self._own = own
        self._up_at = self._attempted_at = float("-inf")
        self._attempting: asyncio.Task[None] | None = None

    async def check(self, fresh: float) -> RedisError | None:
        """None while the server responds, else the last error; pings again when it is older than `fresh`."""
        now = asyncio.get_running_loop().time()
        if self._attempting is None and now - self._attempted_at >= fresh:
            self._attempting = asyncio.create_task(self._ping_twice(), name="ping a Redis server")
        if self._attempting is not None:
            is_trusted = self.error is None and now - self._up_at < TRUSTED_AGE
            await asyncio.wait({self._attempting}, timeout=SHORT_WAIT if is_trusted else None)
        return self.error

    async def close(self) -> None:
        """Stop and close the connection."""
        if self._attempting is not None:
            self._attempting.cancel()
            await asyncio.gather(self._attempting, return_exceptions=True)
        self.watchers.clear()
        await self._redis.aclose()

    async def _ping_twice(self) -> None:
        was_up = self.error is None
        try:
            error = await self._attempt()
            if error is not None and was_up:
                error = await self._attempt()
            self.error = error
        finally:
            now = asyncio.get_running_loop().time()
            self._attempted_at, self._attempting = now, None
        if error is None:
            self._up_at = now
        if was_up != (error is None):
            for notify in self.watchers:
                notify()

    async def _attempt(self) -> RedisError | None:
        """One PING; closes the connection when it fails."""
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
        return exceptions.TimeoutError("no reply")

    async def _ping(self) -> RedisError | None:
        self._own.count_sent([("PING",)])
        try:
            reply: object = await self._redis.execute_command("PING")  # type: ignore[no-untyped-call]
        except NoPermissionError as error:
            reply = error  # it responds; whether this user may ping is another matter
        except RedisError as error:
            self._own.count_unsent([("PING",)])
            await self._redis.connection_pool.disconnect()
            return await explain_error(error, self._url)
        self._own.count_replies([("PING",)], [reply])
        return None


_pings: WeakKeyDictionary[Any, WeakValueDictionary[LoginKey, SharedPing]] = WeakKeyDictionary()


def shared_ping(login: LoginKey, url: SecretStr, timeout: float, own: OwnCommandCounts) -> SharedPing:
    """The ping that all clients with this login share; a connection belongs to its event loop."""
    pings = _pings.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    key = (*login, timeout)
    ping = pings.get(key)
    if ping is None:
        redis = make_redis(url, None, own, most=2)
        ping = pings[key] = SharedPing(redis, parse_secret_url(url), timeout, own)
    return ping
