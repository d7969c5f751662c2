"""One request of ours at a time: the backend never works on more than one for us.

Only the ping has a connection of its own beside it (ping.py), and while a request of ours hangs at a backend
that responds to pings, one that needs no connection of its pool passes it. A request during which the
backend responds to no ping blocks it; what blocks is not polled at an interval any more.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from math import inf

from exporter.errors import PollDeferred, SourceTimeout, SourceUnreachable
from exporter.sources.backend.liveness import REFUSING, SILENT, Liveness
from exporter.sources.backend.loop_lag import LoopLag

# seconds from which a request may block the backend
BLOCKING_SECONDS = 0.4
# background polls that follow each other take this many times our budget at most
MAX_BUDGET_MULTIPLE = 10.0
MAX_PAUSE = 10.0  # seconds between two background polls
PING_GRACE = 0.3  # seconds within which most pings get a response
TURN_CHECK = 0.02  # seconds between two looks at whether the turn is free


class RequestLimiter:
    """Grants turns to one request after the other, and none while the backend is silent."""

    def __init__(
        self, liveness: Liveness, share: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._liveness = liveness
        self._pause_ratio = max(1 / (MAX_BUDGET_MULTIPLE * share) - 1, 0.0)
        self._clock = clock
        self._turn = asyncio.Lock()
        self._passing = asyncio.Lock()
        self._passed_at = -inf  # when a passing request last ended
        self._light_waiting = 0  # light requests that wait for a turn
        self._background = asyncio.Lock()
        self._next_background_at = 0.0
        self._suspended: dict[str, float] = {}
        self._reserved_for: str | None = None
        self._reserved_until = -inf
        self._blocked_at = -inf
        self.block_gap = 0.0  # seconds between any two requests that block the backend
        self.on_block: Callable[[str], None] = ignore_block

    @asynccontextmanager
    async def turn(self, query: str, light: bool = False) -> AsyncIterator[None]:
        """The turn of this request. Raises PollDeferred while only the ping may be sent."""
        async with self._only_turn(query, light):
            await self._wait_for_ping()
            self._check_available(query)
            began, lag = self._clock(), LoopLag()
            self._liveness.record_request_start(began)
            try:
                yield
            finally:
                self._liveness.record_request_end()
                self._report_block(query, began, lag.stop())

    @asynccontextmanager
    async def light_turn(self, query: str) -> AsyncIterator[None]:
        """The next turn, for a request that needs no connection of the pool: it passes one that waits.

        What it reads tells of the very trouble for which the other hangs.
        """
        async with AsyncExitStack() as stack:
            self._light_waiting += 1
            try:
                while self._is_taken(query) and not self._may_pass(query):  # noqa: ASYNC110  (several events)
                    await asyncio.sleep(TURN_CHECK)
                passing = self._is_taken(query)
                turn = self._passing_turn(query) if passing else self.turn(query, light=True)
                await stack.enter_async_context(turn)
            finally:
                self._light_waiting -= 1
            yield

    @asynccontextmanager
    async def _passing_turn(self, query: str) -> AsyncIterator[None]:
        """The turn beside a request that hangs, for one at a time."""
        async with self._passing:
            self._check_available(query)
            self._reserved_for = None
            try:
                yield
            finally:
                self._passed_at = self._clock()

    @asynccontextmanager
    async def background_turn(
        self, query: str, prepare: Callable[[], Awaitable[None]]
    ) -> AsyncIterator[None]:
        """The turn of a background poll: with a pause since the last one, and after `prepare`."""
        async with self._background:
            await asyncio.sleep(max(self._next_background_at - self._clock(), 0.0))
            await prepare()
            async with self.turn(query):
                began = self._clock()
                try:
                    yield
                finally:
                    took = self._clock() - began
                    self._next_background_at = began + took + min(self._pause_ratio * took, MAX_PAUSE)

    @asynccontextmanager
    async def blocking_turn(self, query: str) -> AsyncIterator[None]:
        """The turn of a request that is known to block the backend. Silence proves nothing meanwhile."""
        async with self._only_turn(query), self._passing:
            await self._wait_for_ping()
            self._check_available(query)
            self._check_block_gap()
            self._liveness.record_block_start()
            try:
                yield
            finally:
                self._blocked_at = self._clock()
                self._liveness.record_block_end()

    def suspend(self, queries: Iterable[str], seconds: float) -> None:
        """Grant these queries no turn for these seconds, since one of them blocked the backend."""
        until = self._clock() + seconds
        self._suspended |= dict.fromkeys(queries, until)

    def reserve(self, query: str, seconds: float) -> None:
        """Let no other request begin before the next of this query, for these seconds at most.

        What it verifies is about to page, and those before it may hang for what it tells of.
        """
        self._reserved_for, self._reserved_until = query, self._clock() + seconds

    @asynccontextmanager
    async def _only_turn(self, query: str, light: bool = False) -> AsyncIterator[None]:
        """The one turn, once it is not reserved for another query, and no light request waits for it."""
        while True:
            async with self._turn:
                if not self._is_reserved_for_another(query) and (light or not self._light_waiting):
                    self._reserved_for = None
                    yield
                    return
            await asyncio.sleep(TURN_CHECK)

    def _is_taken(self, query: str) -> bool:
        return self._turn.locked() or self._is_reserved_for_another(query)

    def _may_pass(self, query: str) -> bool:
        """Whether the request in flight blocks nothing, and this one may go beside it."""
        if self._passing.locked() or self._is_reserved_for_another(query):
            return False
        return self._liveness.is_request_waiting() and not self._liveness.is_inconclusive

    def _is_reserved_for_another(self, query: str) -> bool:
        return self._reserved_for not in (None, query) and self._clock() < self._reserved_until

    async def _wait_for_ping(self) -> None:
        """Wait briefly for a ping to decide whether the last silence proves anything."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PING_GRACE):
                await self._liveness.wait_until_conclusive()

    def _check_block_gap(self) -> None:
        """Raises PollDeferred too soon after a blocking request: the waiting requests would add up."""
        left = self.block_gap - (self._clock() - self._blocked_at)
        if left > 0:
            raise PollDeferred(
                f"backend was blocked by another request of ours; the next is {left:.0f} s away", left
            )

    def _check_available(self, query: str) -> None:
        """Raises the error that the state of the backend means for a request now."""
        left = self._suspended.get(query, 0.0) - self._clock()
        if left > 0:
            raise PollDeferred(
                f"backend {query} blocks the backend; it is not requested for {left:.0f} s", left
            )
        if self._liveness.state == REFUSING:
            raise SourceUnreachable("backend refuses connections, or its proxy cannot reach it")
        if self._liveness.state == SILENT:
            raise SourceTimeout("backend gives no response; only the ping is sent until it does")
        if not self._liveness.accepts_requests:
            raise PollDeferred("backend is blocked or about to be found silent; only the ping is sent")

    def _report_block(self, query: str, began: float, lag: float) -> None:
        if self._passing.locked() or self._passed_at >= began:
            return  # one of two requests blocked the backend, and nobody knows which
        # what our own loop was late is no time of the backend: on a busy machine all routes would be blamed
        took = self._clock() - began - lag
        if took >= BLOCKING_SECONDS and not self._liveness.responded_since(began):
            self.on_block(query)


def ignore_block(_: str) -> None:
    """Do nothing."""
