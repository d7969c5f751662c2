"""Closes connections that were to be kept, while the fault closed-connections is in force."""

import asyncio
import fcntl
import itertools
import socket
import struct
import termios
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from demo.faults.state import FaultFile

NAME = "closed-connections"
# Seconds between two looks whether the client has all of a response.
LOOK_EVERY = 0.002
# Closing such a socket sends a reset instead of an orderly end.
AT_ONCE = struct.pack("ii", 1, 0)


class Closer:
    """Decides how each connection ends; one for all connections of a process."""

    def __init__(self, faults: FaultFile) -> None:
        self._faults = faults
        self._owed = 0.0
        self._turns = itertools.cycle((False, True))

    def fault(self) -> dict[str, Any] | None:
        """The parameters of the fault, or None if it is not in force."""
        return self._faults.get(NAME)

    def late(self, share: float) -> bool:
        """Whether it is the turn of one that is closed only when the next request has come."""
        # Every response owes its share of one, so that the share is exact and not left to chance.
        self._owed += share
        due = self._owed >= 1
        self._owed -= due
        return due

    def resets(self, how: str) -> bool:
        """Whether it is the turn of a reset."""
        return next(self._turns) if how == "both" else how == "reset"


def closing_protocol(faults: FaultFile) -> type[asyncio.Protocol]:
    """The HTTP protocol of uvicorn, whose connections end after each response while the fault is in force."""
    closer = Closer(faults)

    class Closing(H11Protocol):
        """One connection."""

        _ends = False

        def data_received(self, data: bytes) -> None:
            """Take a request, or end the connection in its face."""
            fault = closer.fault() if self._ends else None
            if fault is None:
                return super().data_received(data)
            return end(self.transport, closer.resets(fault["how"]))

        def on_response_complete(self) -> None:
            """End the connection now or later."""
            super().on_response_complete()
            fault = closer.fault()
            if fault is None or self.transport.is_closing():
                return
            self._ends = closer.late(fault["late"])
            if not self._ends:
                end(self.transport, closer.resets(fault["how"]))

    return Closing


def end(transport: asyncio.Transport, reset: bool) -> None:
    """Close in good order, or by a reset once the other side has everything."""
    if not reset:
        transport.close()
    elif _unsent(transport):
        asyncio.get_running_loop().call_later(LOOK_EVERY, end, transport, reset)
    elif not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        transport.abort()


def _unsent(transport: asyncio.Transport) -> bool:
    if transport.is_closing():
        return False
    count = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, b"\0" * 4)
    return bool(transport.get_write_buffer_size() or struct.unpack("i", count)[0])
