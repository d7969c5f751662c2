"""One look at an address: does it answer?"""

import http.client
import socket
from urllib.parse import urlsplit

PROBE_TIMEOUT = 1.0


def is_responding(address: str) -> bool:
    """Whether an http:// address answers with 2xx, or a tcp:// address accepts a connection."""
    parts = urlsplit(address)
    if parts.hostname is None or parts.port is None:
        raise ValueError(f"the address {address!r} has no host or port; expected http://host:port/path")
    try:
        if parts.scheme == "tcp":
            socket.create_connection((parts.hostname, parts.port), PROBE_TIMEOUT).close()
            return True
        return 200 <= _status(parts.hostname, parts.port, parts.path or "/") < 300
    except (OSError, http.client.HTTPException):
        return False


def _status(host: str, port: int, path: str) -> int:
    connection = http.client.HTTPConnection(host, port, timeout=PROBE_TIMEOUT)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()
