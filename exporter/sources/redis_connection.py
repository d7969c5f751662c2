"""Connections to a Redis server, each counted with the commands that set it up."""

import threading
from typing import Any
from weakref import WeakValueDictionary

from pydantic import SecretStr
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from connections.redis_clients import connection_arguments, connection_class
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
