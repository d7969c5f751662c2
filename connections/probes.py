"""Whether a server speaks TLS or plainly, tried where the other way has failed."""

import asyncio
import socket
import ssl
from contextlib import suppress

SECONDS = 0.5  # that one attempt may take
PING = b"PING\r\n"
REPLIES = (b"+", b"-")


async def answers_plainly(host: str, port: int) -> bool:
    """Whether this is a Redis server without TLS, which is silent towards a TLS handshake."""
    with suppress(OSError):
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(PING)
                return await reader.read(1) in REPLIES
            finally:
                writer.transport.abort()
    return False


def answers_plainly_now(host: str, port: int) -> bool:
    """The same for a thread that may wait."""
    with suppress(OSError), socket.create_connection((host, port), SECONDS) as plain:
        plain.sendall(PING)
        return plain.recv(1) in REPLIES
    return False


async def speaks_tls(host: str, port: int) -> bool:
    """Whether this server speaks TLS; who it is does not matter here, and nothing is sent."""
    with suppress(OSError):
        async with asyncio.timeout(SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=anybody())
            writer.transport.abort()
            return True
    return False


def speaks_tls_now(host: str, port: int) -> bool:
    """The same for a thread that may wait."""
    with suppress(OSError), socket.create_connection((host, port), SECONDS) as plain:
        anybody().wrap_socket(plain, server_hostname=host).close()
        return True
    return False


def anybody() -> ssl.SSLContext:
    """TLS with whoever it is."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
