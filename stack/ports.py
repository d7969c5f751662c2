"""Ports of the processes: whether they are free, and which process owns one that is not."""

import errno
import os
import socket
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from stack.errors import StackError
from stack.process_spec import Port, ProcessSpec
from stack.settings import HOST

LISTENING = "0A"
LAST_PORT = 65_535


def require_free_ports(processes: Iterable[ProcessSpec]) -> None:
    """Raise StackError with one sentence for each port that is not free."""
    owners: dict[int, Port] = {}
    sentences: list[str] = []
    ours = [(process, port) for process in processes for port in process.ports]
    taken = {port.number for _, port in ours}
    for process, port in ours:
        other = owners.setdefault(port.number, port)
        if other is not port:
            sentences.append(f"{other.setting} and {port.setting} are both {port.number}; change one")
        elif reason := bind_error(port.number, port.host):
            another = next_free(port, taken)
            taken.add(another)
            sentences.append(
                f"port {port.number} for the {process.name} {reason}; "
                f"free it, or choose another: {port.setting}={another} make run"
            )
    if sentences:
        raise StackError("\n".join(sentences))


def next_free(port: Port, taken: Container[int]) -> int:
    """The next number on which this port could be: free, and of no other part."""
    numbers = (it for it in range(port.number + 1, LAST_PORT + 1) if it not in taken)
    return next((it for it in numbers if bind_error(it, port.host) is None), port.number + 1)


def bind_error(number: int, host: str = HOST) -> str | None:
    """Why no process can listen on this port now; None when one can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except PermissionError:
            return "is not allowed for this user"
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return f"cannot be opened, since this machine has no address {host}"
            return f"is in use{port_owner(number)}"
    return None


def port_owner(number: int) -> str:
    """Name and id of the process that listens on this port; empty when unknown."""
    sockets = {f"socket:[{inode}]" for inode in listening_inodes(number)}
    for process in Path("/proc").glob("[0-9]*"):
        # other users' processes cannot be read, and any process may end meanwhile
        with suppress(OSError):
            if any(os.readlink(file) in sockets for file in (process / "fd").iterdir()):
                return f" by {(process / 'comm').read_text().strip()} (process {process.name})"
    return ""


def listening_inodes(number: int) -> Iterator[str]:
    """The inodes of the sockets that listen on this port, on any address."""
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == LISTENING and int(words[1].rpartition(":")[2], 16) == number:
                    yield words[9]
