"""Faults of responses: slow modules, errors and closed connections."""

import asyncio
import fcntl
import itertools
import socket
import struct
import termios
from collections import defaultdict
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from demo.api.backend import module_of
from demo.api.performance import RecentResponses
from demo.faults.state import FaultFile

CLOSED_CONNECTIONS = "closed-connections"
# Seconds between two checks whether the client has received the response.
SENT_CHECK_INTERVAL = 0.002
# Closing such a socket sends a reset instead of an orderly end.
LINGER_RESET = struct.pack("ii", 1, 0)


class FaultMiddleware:
    """Middleware in front of the routes; a module's own health route is left alone."""

    def __init__(self, app: ASGIApp, faults: FaultFile, recent: RecentResponses) -> None:
        self._app = app
        self._faults = faults
        self._recent = recent
        self._accumulated: dict[str, float] = defaultdict(float)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Delay, refuse or pass on a request."""
        module = module_of(scope["path"]) if scope["type"] == "http" else None
        if module is None or scope["path"].endswith("/health"):
            return await self._app(scope, receive, send)
        await self._delay(module)
        if self._must_fail(module):
            self._recent.record(module, failed=True)
            failure = JSONResponse({"detail": "Internal server error"}, 500)
            return await failure(scope, receive, send)
        return await self._record_status(module, scope, receive, send)

    async def _delay(self, module: str) -> None:
        slow = self._faults.get("slow-module")
        if slow and slow["module"] == module:
            await asyncio.sleep(slow["seconds"])

    def _must_fail(self, module: str) -> bool:
        faulty = self._faults.get("errors-in-module")
        if not faulty or faulty["module"] != module:
            return False
        # Accumulate the share, so that the ratio is exact and not random.
        self._accumulated[module] += faulty["share"]
        due = self._accumulated[module] >= 1
        self._accumulated[module] -= due
        return due

    async def _record_status(self, module: str, scope: Scope, receive: Receive, send: Send) -> None:
        status = 500

        async def note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            self._recent.record(module, failed=status >= 500)


class ConnectionCloser:
    """Decides how to close each connection of this process while the fault closed-connections is in force."""

    def __init__(self, faults: FaultFile) -> None:
        self._faults = faults
        self._accumulated = 0.0
        self._alternation = itertools.cycle((False, True))

    def fault(self) -> dict[str, Any] | None:
        """The parameters of the fault, or None if it is not in force."""
        return self._faults.get(CLOSED_CONNECTIONS)

    def is_late(self, share: float) -> bool:
        """Whether to close the next connection only when its next request has arrived."""
        # Accumulate the share, so that it is exact and not random.
        self._accumulated += share
        due = self._accumulated >= 1
        self._accumulated -= due
        return due

    def is_reset(self, how: str) -> bool:
        """Whether to reset the next connection."""
        return next(self._alternation) if how == "both" else how == "reset"


def closing_protocol(faults: FaultFile) -> type[asyncio.Protocol]:
    """The HTTP protocol of uvicorn, whose connections end after each response while the fault is in force."""
    closer = ConnectionCloser(faults)

    class Closing(H11Protocol):
        """One connection."""

        _ends = False

        def data_received(self, data: bytes) -> None:
            """Handle a request, or close the connection instead."""
            fault = closer.fault() if self._ends else None
            if fault is None:
                return super().data_received(data)
            return close_transport(self.transport, closer.is_reset(fault["how"]))

        def on_response_complete(self) -> None:
            """Close the connection now or with the next request."""
            super().on_response_complete()
            fault = closer.fault()
            if fault is None or self.transport.is_closing():
                return
            self._ends = closer.is_late(fault["late"])
            if not self._ends:
                close_transport(self.transport, closer.is_reset(fault["how"]))

    return Closing


def close_transport(transport: asyncio.Transport, reset: bool) -> None:
    """Close cleanly, or reset once the client has received everything."""
    if not reset:
        transport.close()
    elif _unsent(transport):
        asyncio.get_running_loop().call_later(SENT_CHECK_INTERVAL, close_transport, transport, reset)
    elif not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        transport.abort()


def _unsent(transport: asyncio.Transport) -> bool:
    if transport.is_closing():
        return False
    count = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, b"\0" * 4)
    return bool(transport.get_write_buffer_size() or struct.unpack("i", count)[0])
