"""The broker's event channel, read directly from the socket.

kombu publishes events to the pub/sub channel `{prefix}{fanout prefix}celeryev/{type with dots}`. Redis
disconnects a subscriber that reads too slowly, so the socket is always emptied before anything is parsed.
"""

import ssl
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from socket import socket
from typing import Any

import hiredis
from pydantic import SecretStr
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, ResponseError
from redis.retry import Retry

from connections.redis_clients import blocking_pool
from exporter.settings_queues import CelerySettings
from exporter.sources.broker.kombu_layout import escape_glob
from exporter.sources.redis_connection import parse_secret_url, setup_commands, shared_counts

CHUNK_BYTES = 65_536
MAX_CHUNKS = 64
MAX_BACKLOG_BYTES = 128 * 1024 * 1024  # beyond this Redis buffers the rest, or disconnects
PING_COMMAND = b"*1\r\n$4\r\nPING\r\n"
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class EventSubscription:
    """One subscription. Raises redis.RedisError or OSError when it cannot connect or is disconnected."""

    def __init__(self, url: SecretStr, pattern: str, timeout: float) -> None:
        self._connection = connection = make_connection(url, timeout)
        self._own_traffic = shared_counts(url)
        connection.connect()
        self._own_traffic.count_connection(*setup_commands(connection))
        connection.send_command("PSUBSCRIBE", pattern)
        # redis-py does not expose its socket; its own pub/sub takes twice the time per event
        self._socket: socket = connection._sock
        self._socket.setblocking(False)
        self._reader = hiredis.Reader()
        self._chunks: deque[bytes] = deque()
        self.backlog = 0  # bytes read and not yet parsed
        self.subscribed = False

    def fileno(self) -> int:
        """The socket, for poll()."""
        return self._socket.fileno()

    def drain(self) -> bool:
        """Read what the kernel has buffered; whether that was anything."""
        before = self.backlog
        with suppress(*WOULD_BLOCK):
            for _ in range(MAX_CHUNKS if self.backlog < MAX_BACKLOG_BYTES else 0):
                chunk = self._socket.recv(CHUNK_BYTES)
                if not chunk:
                    raise ConnectionResetError("the broker closed the subscription")
                self._chunks.append(chunk)
                self.backlog += len(chunk)
        return self.backlog > before

    def ping(self) -> None:
        """Send a PING; the reply arrives like any message."""
        with suppress(*WOULD_BLOCK):
            self._socket.send(PING_COMMAND)
            self._own_traffic.count_call(("PING",), "PONG")

    def payloads(self) -> Iterator[bytes]:
        """The messages in the next chunk; only one, since the socket must be emptied between chunks."""
        if not self._chunks:
            return
        chunk = self._chunks.popleft()
        self.backlog -= len(chunk)
        self._reader.feed(chunk)
        while (reply := self._reader.gets()) is not False:
            if isinstance(reply, hiredis.ReplyError):
                self._raise_if_refused(str(reply))
            elif isinstance(reply, list) and len(reply) == 4 and reply[0] == b"pmessage":
                yield reply[3]
            elif isinstance(reply, list) and reply and reply[0] == b"psubscribe":
                self._own_traffic.count_call(("PSUBSCRIBE",), "OK")
                self.subscribed = True

    def _raise_if_refused(self, text: str) -> None:
        """Raise an error reply before the subscription; after it, it replies to a PING and shows life."""
        if self.subscribed:
            return
        raise (NoPermissionError if text.startswith("NOPERM") else ResponseError)(text)

    def close(self) -> None:
        """Close the connection."""
        self._connection.disconnect()


def make_connection(url: SecretStr, timeout: float) -> Any:
    """A connection that is not open yet; untyped, since its class depends on the URL."""
    pool = blocking_pool(
        parse_secret_url(url),
        protocol=2,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        driver_info=None,
    )
    return pool.make_connection()


def channel_pattern(settings: CelerySettings, database: int) -> str:
    """The pattern that matches every event channel, whether or not kombu appends the routing key."""
    channel = settings.key_prefix + settings.fanout_prefix.format(db=database) + settings.event_exchange
    return f"{escape_glob(channel)}*"
