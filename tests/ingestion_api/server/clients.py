"""Clients of the kind that a server must bear: many at once, that send half a request and wait."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.ingestion_api.processes import ServiceProcess

HEAD = b"GET /-/healthy HTTP/1.1\r\nHost: service\r\n"


def address(service: ServiceProcess) -> tuple[str, int]:
    """Where it listens."""
    host, _, port = service.url.removeprefix("http://").partition(":")
    return host, int(port)


def connected(
    service: ServiceProcess,
    sent: bytes,
    timeout: float = 10.0,
    room: int | None = None,
    source: str = "127.0.0.1",
) -> socket.socket:
    """A client that has sent so much, with `room` bytes for what comes; what it could not send is lost."""
    client = socket.socket()
    client.bind((source, 0))
    if room is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    client.settimeout(timeout)
    client.connect(address(service))
    with suppress(OSError):
        client.sendall(sent)
    return client


@contextmanager
def crowd(
    service: ServiceProcess, number: int, sent: bytes, source: str = "127.0.0.1", room: int | None = None
) -> Iterator[list[socket.socket]]:
    """So many clients of one address, each of which has sent this and waits, with `room` for what comes."""
    with ExitStack() as clients:
        yield [
            clients.enter_context(connected(service, sent, room=room, source=source)) for _ in range(number)
        ]


def answer(client: socket.socket) -> bytes:
    """All that comes until the connection is closed; empty when it was reset."""
    found = b""
    with suppress(OSError):
        while part := client.recv(65_536):
            found += part
    return found


def is_open(client: socket.socket) -> bool:
    """Whether the other side has not closed the connection."""
    client.setblocking(False)
    try:
        while client.recv(65_536):
            pass
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return 1024 * int(line.split()[1])
    raise ProcessLookupError(f"process {pid} has no VmRSS")


def peak(pid: int) -> int:
    """The most bytes of memory that a process has held."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    raise ProcessLookupError(f"process {pid} has no VmHWM")
