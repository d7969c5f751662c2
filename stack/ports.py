"""Ports of the processes: whether they are free, and which process owns one that is not."""

import errno
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from stack.errors import StackError
from stack.process_spec import Port, ProcessSpec
from stack.settings import HOST

LISTENING = "0A"


def require_free_ports(processes: Iterable[ProcessSpec]) -> None:
    """Raise StackError with one sentence for each port that is not free."""
    owners: dict[int, Port] = {}
    sentences: list[str] = []
    for process in processes:
        for port in process.ports:
            other = owners.setdefault(port.number, port)
            if other is not port:
                sentences.append(f"{other.setting} and {port.setting} are both {port.number}; change one")
            elif reason := bind_error(port.number, port.host):
                sentences.append(
                    f"port {port.number} for the {process.name} {reason}; "
                    f"free it, or choose another: {port.setting}={port.number + 1} make run"
                )
    if sentences:
        raise StackError("\n".join(sentences))


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
