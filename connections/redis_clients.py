"""Clients of redis-py and brokers of Celery for a parsed Redis URL; connections open on first use."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

import redis
import redis.asyncio
import redis.asyncio.sentinel
import redis.sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from connections.faults import TlsRequired, TlsUnsupported
from connections.redis_tls import is_plaintext, is_plaintext_blocking, supports_tls, supports_tls_blocking
from connections.redis_url import RedisUrl, Server

HANDSHAKE = 0.25  # seconds of a TLS handshake after which the server is probed without TLS
RETRY_ONCE = partial(Retry, NoBackoff(), 1)
SENTINEL_TIMEOUTS = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0}  # of each Sentinel


def blocking_client(url: RedisUrl, **how: Any) -> redis.Redis:
    """A client that closes its connections with itself."""
    return redis.Redis.from_pool(blocking_pool(url, **how))


def blocking_pool(url: RedisUrl, **how: Any) -> redis.ConnectionPool:
    """The pool of such a client; `how` are arguments of redis-py's connections."""
    servers = BlockingServerList(url)
    kind: Any = redis.UnixDomainSocketConnection
    if not url.path:
        kind = failover_connection_class(redis.SSLConnection if url.tls else redis.Connection, servers)
    # a connection that was closed is replaced once
    return redis.ConnectionPool(
        connection_class=kind, **{**connection_arguments(url), "retry": RETRY_ONCE(), **how}
    )


def connection_arguments(url: RedisUrl) -> dict[str, Any]:
    """The arguments of redis-py's connections for this URL."""
    login = {"db": url.database, "username": url.username, "password": url.password}
    if url.path:
        return {**login, "path": url.path}
    host, port = url.servers[0]
    return {**login, "host": host, "port": port, **(url.tls.arguments() if url.tls else {})}


class BlockingServerList:
    """The servers to try in turn: those of the URL, or the one that the Sentinels name now."""

    def __init__(self, url: RedisUrl) -> None:
        self._url = url

    def addresses(self) -> Sequence[Server]:
        """The servers. Raises redis.ConnectionError where no Sentinel knows any."""
        group = self._url.sentinel
        if group is None:
            return self._url.servers
        kind: Any = redis.sentinel.Sentinel  # without types
        sentinels = kind(list(self._url.servers), sentinel_kwargs=sentinel_login(self._url))
        try:
            return [sentinels.discover_master(group.master_name)]
        finally:
            for sentinel in sentinels.sentinels:
                sentinel.close()


def sentinel_login(url: RedisUrl) -> dict[str, Any]:
    """The arguments of connections to the Sentinels."""
    group = url.sentinel
    login = {"username": group.username, "password": group.password} if group else {}
    return {**SENTINEL_TIMEOUTS, **{name: value for name, value in login.items() if value}}


def failover_connection_class(base: Any, servers: BlockingServerList) -> Any:
    """A connection class that looks up its server at each connection."""

    class Finding(base):  # type: ignore[misc]  # the class depends on the URL
        def _connect(self) -> Any:
            failed: Exception | None = None
            for self.host, self.port in servers.addresses():
                try:
                    return super()._connect()
                except (OSError, RedisError) as error:
                    failed = failed or self._explained(error)
            raise failed or redis.ConnectionError("no server is named")

        def _explained(self, error: Exception) -> Exception:
            silent = isinstance(error, TimeoutError) and "handshake" in str(error)
            return TlsUnsupported() if silent and is_plaintext_blocking(self.host, self.port) else error

    return Finding


class ServerList:
    """The same for clients of an event loop."""

    def __init__(self, url: RedisUrl) -> None:
        self._url = url

    async def addresses(self) -> Sequence[Server]:
        """The servers. Raises redis.ConnectionError where no Sentinel knows any."""
        group = self._url.sentinel
        if group is None:
            return self._url.servers
        kind: Any = redis.asyncio.sentinel.Sentinel  # without types
        sentinels = kind(list(self._url.servers), sentinel_kwargs=sentinel_login(self._url))
        try:
            return [await sentinels.discover_master(group.master_name)]
        finally:
            for sentinel in sentinels.sentinels:
                await sentinel.aclose()


def connection_class(url: RedisUrl) -> Any:
    """The class of connection of an event loop's client."""
    if url.path:
        return redis.asyncio.UnixDomainSocketConnection
    servers = ServerList(url)
    base: Any = redis.asyncio.SSLConnection if url.tls else redis.asyncio.Connection

    class Finding(base):  # type: ignore[misc]  # the class depends on the URL
        async def _connect(self) -> None:
            failed: Exception | None = None
            for self.host, self.port in await servers.addresses():
                try:
                    await (self._with_tls() if url.tls else super()._connect())
                except (OSError, RedisError) as error:
                    failed = failed or error
                else:
                    return
            raise failed or redis.ConnectionError("no server is named")

        async def _with_tls(self) -> None:
            handshake = asyncio.create_task(super()._connect())
            try:
                await asyncio.wait({handshake}, timeout=HANDSHAKE)
                if not handshake.done() and await is_plaintext(self.host, self.port):
                    raise TlsUnsupported
                await handshake
            finally:
                handshake.cancel()
                await asyncio.gather(handshake, return_exceptions=True)

    return Finding


async def explain_error(error: RedisError, url: RedisUrl) -> RedisError:
    """The error, or TlsRequired where a server that requires TLS has closed the connection."""
    if may_require_tls(error, url) and await supports_tls(*url.servers[0]):
        return TlsRequired()
    return error


def explain_error_blocking(error: RedisError, url: RedisUrl) -> RedisError:
    """The same for a thread that may block."""
    if may_require_tls(error, url) and supports_tls_blocking(*url.servers[0]):
        return TlsRequired()
    return error


def may_require_tls(error: RedisError, url: RedisUrl) -> bool:
    """Whether the server has closed a connection without TLS."""
    was_cut = isinstance(error, redis.ConnectionError) and not isinstance(error, redis.AuthenticationError)
    is_plain = bool(url.servers) and url.tls is None and url.sentinel is None
    return was_cut and is_plain and not isinstance(error.__context__, ConnectionRefusedError)


@dataclass(frozen=True)
class CeleryBroker:
    """Celery's broker_url, broker_use_ssl and broker_transport_options."""

    url: str
    use_ssl: dict[str, Any] | None
    transport_options: dict[str, Any]


def celery_broker(url: RedisUrl) -> CeleryBroker:
    """The broker's settings for Celery."""
    options: dict[str, Any] = {}
    if url.sentinel is not None:
        options = {"master_name": url.sentinel.master_name, "sentinel_kwargs": sentinel_login(url)}
    return CeleryBroker(kombu_url(url), url.tls.arguments() if url.tls else None, options)


def kombu_url(url: RedisUrl) -> str:
    """One URL for each server, with `;` between them."""
    user = quote(url.username or "", safe="")
    login = f"{user}:{quote(url.password or '', safe='')}@" if user or url.password else ""
    if url.path:
        return f"redis+socket://{login}{quote(url.path)}?virtual_host={url.database}"
    scheme = "sentinel" if url.sentinel else "rediss" if url.tls else "redis"
    servers = (f"{bracket_ipv6(host)}:{port}" for host, port in url.servers)
    return ";".join(f"{scheme}://{login}{server}/{url.database}" for server in servers)


def bracket_ipv6(host: str) -> str:
    """An IPv6 address in the brackets that a URL needs."""
    return f"[{host}]" if ":" in host else quote(host, safe="")
