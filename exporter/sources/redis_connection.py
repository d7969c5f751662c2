"""Connections to a Redis server, each counted with the commands that set it up."""

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

MAX_CONNECTIONS = 8  # one for each question that may be under way
_counts: WeakValueDictionary[str, OwnCommandCounts] = WeakValueDictionary()
_counts_lock = threading.Lock()


def make_redis(
    url: SecretStr, timeout: float | None, counts: OwnCommandCounts, most: int = MAX_CONNECTIONS
) -> Redis:
    """A client for this URL; nothing is opened before the first command. Raises ValueError for a bad URL."""
    found = parse_secret_url(url)
    how: dict[str, Any] = {
        # a key may hold any bytes; those that are no text survive the way to us and back
        "decode_responses": True,
        "encoding_errors": "surrogateescape",
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "max_connections": most,
        # neither a name nor a newer protocol: each costs a command that older servers and narrow users refuse
        "protocol": 2,
        "driver_info": None,
    }
    kind = counting_connection_class(connection_class(found), counts)
    pool = ConnectionPool(connection_class=kind, **connection_arguments(found), **how)
    return Redis.from_pool(pool)


def counting_connection_class(base: Any, counts: OwnCommandCounts) -> Any:
    """The class of connection, which counts what it takes to connect."""

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
    """The URL as the one reader of Redis URLs understands it. Raises ValueError."""
    return parse_redis_url(url.get_secret_value())


def shared_counts(url: SecretStr) -> OwnCommandCounts:
    """The counts that all who name this server share."""
    address = parse_secret_url(url).address
    with _counts_lock:
        return _counts.setdefault(address, OwnCommandCounts())


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
