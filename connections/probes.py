"""Whether a server speaks TLS or plainly, tried where the other way has failed."""

import asyncio
import socket
import ssl
from contextlib import suppress

SECONDS = 0.5  # that one attempt may take
PING = b"PING\r\n"
REPLIES = (b"+", b"-")


def is_plaintext_blocking(host: str, port: int) -> bool:
    """Whether this is a Redis server without TLS, which is silent towards a TLS handshake."""
    with suppress(OSError), socket.create_connection((host, port), SECONDS) as plain:
        plain.sendall(PING)
        return plain.recv(1) in REPLIES
    return False


def supports_tls_blocking(host: str, port: int) -> bool:
    """Whether this server speaks TLS; who it is does not matter here, and nothing is sent."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with suppress(OSError), socket.create_connection((host, port), SECONDS) as plain:
        context.wrap_socket(plain, server_hostname=host).close()
        return True
    return False


async def is_plaintext(host: str, port: int) -> bool:
    """The same beside an event loop, whose own handshakes leave transports behind when cancelled."""
    return await asyncio.to_thread(is_plaintext_blocking, host, port)


async def supports_tls(host: str, port: int) -> bool:
    """The same beside an event loop."""
    return await asyncio.to_thread(supports_tls_blocking, host, port)
