"""HTTP/1.1 as uvicorn speaks it, with a time limit on everything that a client is waited for."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from ingestion_api.server.connections import ConnectionLimiter
from ingestion_api.web.middleware import ENDLESS_KEY

READ_BUFFER = 16_384  # bytes; by default asyncio takes 256 KiB of each connection at once
LINGER_SECONDS = (
    2.0  # seconds for which the rest of a body is thrown away, so that the client reads our answer
)
FLUSH_TIMEOUT = 10.0  # seconds for the client to take the end of an answer


class DeadlineTimer:
    """Acts once when its time is over; started again, it runs anew."""

    def __init__(self, loop: asyncio.AbstractEventLoop, act: Callable[[], object]) -> None:
        self._loop = loop
        self._act = act
        self._handle: asyncio.TimerHandle | None = None

    @property
    def runs(self) -> bool:
        """Whether it has been started and neither stopped nor acted."""
        return self._handle is not None

    def start(self, seconds: float) -> None:
        """Run for so long from now."""
        self.stop()
        self._handle = self._loop.call_later(seconds, self._end)

    def stop(self) -> None:
        """Do not act."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _end(self) -> None:
        self._handle = None
        self._act()


@dataclass(frozen=True)
class ProtocolTimeouts:
    """Seconds for the head of a request, for its body, and for the client to take our answer."""

    head: float
    body: float
    answer: float


class BoundedProtocol(H11Protocol):
    """One connection."""

    def __init__(
        self,
        connections: ConnectionLimiter,
        patience: ProtocolTimeouts,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.counted = connections
        self.patience = patience
        self.address = ""
        self.served = False
        self._reading = DeadlineTimer(self.loop, self._too_slow)
        self._writing = DeadlineTimer(self.loop, self.drop)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Let it in if there is room."""
        super().connection_made(transport)
        transport.max_size = READ_BUFFER  # type: ignore[attr-defined]  # of asyncio's selector transports
        self.address = self.client[0] if self.client else "unknown"
        if self.counted.admit(self):
            self._reading.start(self.patience.head)
        else:
            self._refuse(503, "Too many connections are open; try again shortly.")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.counted.gone(self)
        self._reading.stop()
        self._writing.stop()
        super().connection_lost(exc)

    def drop(self) -> None:
        """Close it at once."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read on; what comes does not prolong the time that there is for the whole."""
        before = self.conn.their_state
        super().data_received(data)
        self._follow(before)

    def on_response_complete(self) -> None:
        """Wait for the next request, for the rest of a body that nobody reads, or for the end."""
        self.served = True
        self._reading.stop()
        self.counted.waits(self)
        if self.conn.their_state is h11.SEND_BODY:
            self._reading.start(LINGER_SECONDS)
        super().on_response_complete()
        if self.transport.is_closing():
            self._writing.start(FLUSH_TIMEOUT)
        else:
            self._follow(self.conn.their_state)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that is idle, also when its client does not take what we sent."""
        super().timeout_keep_alive_handler()
        self._writing.start(FLUSH_TIMEOUT)

    def pause_writing(self) -> None:
        """The client takes our answer slowly."""
        super().pause_writing()
        self.counted.stalls(self)
        self._writing.start(self.patience.answer)

    def resume_writing(self) -> None:
        """It took it."""
        super().resume_writing()
        self.counted.flows(self)
        if not self.transport.is_closing():
            self._writing.stop()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        """Answer what is no HTTP, unless an answer is under way."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.drop()
                return
        self._refuse(400, "This is no HTTP request that can be read.")

    def shutdown(self) -> None:
        """Do not wait for the rest of a request, nor for the end of a stream, when the service stops."""
        if self.conn.their_state is h11.SEND_BODY or self._is_endless():
            self.drop()
        else:
            super().shutdown()

    def _is_endless(self) -> bool:
        cycle = self.cycle
        return (
            cycle is not None and not cycle.response_complete and bool(cycle.scope["state"].get(ENDLESS_KEY))
        )

    def _unsupported_upgrade_warning(self) -> None:
        """A client that asks for another protocol is answered in this one, and is no news."""

    def _follow(self, before: object) -> None:
        now = self.conn.their_state
        if now is h11.IDLE:
            self._wait_for_head(before)
        elif now is not h11.SEND_BODY:
            self._work()
        elif before is not h11.SEND_BODY:
            # the application has the same time and answers 408; this is for a body that it does not read
            self._reading.start(self.patience.body + LINGER_SECONDS)

    def _wait_for_head(self, before: object) -> None:
        if before is not h11.IDLE:
            self._reading.stop()
        # between two requests uvicorn's own timer runs until the first byte
        if self.conn.trailing_data[0]:
            self._unset_keepalive_if_required()
        if not self._reading.runs and self.timeout_keep_alive_task is None:
            self._reading.start(self.patience.head)

    def _work(self) -> None:
        if self.transport.is_closing():
            return
        self._reading.stop()
        if self.cycle is not None and not self.cycle.response_complete:
            self.counted.works(self)

    def _too_slow(self) -> None:
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._refuse(408, f"The head of the request did not come within {self.patience.head:g} s.")
        else:
            self.drop()

    def _refuse(self, status: int, sentence: str) -> None:
        self.transport.write(_raw_response(status, sentence))
        self.transport.close()
        self._writing.start(FLUSH_TIMEOUT)


def _raw_response(status: int, sentence: str) -> bytes:
    body = json.dumps({"detail": sentence}).encode()
    lines = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode() + body
