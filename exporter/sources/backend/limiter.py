"""One request of ours at a time: the backend never has more to do for us, whatever we want to know.

The ping alone has a connection of its own beside it (liveness.py). A request during which the backend answers
no ping is a request that blocks it; what blocks is not polled on a clock any more.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from math import inf

from exporter.errors import PollDeferred, SourceTimeout, SourceUnreachable
from exporter.sources.backend.liveness import REFUSING, SILENT, Liveness

# seconds from which a request may be one that blocks the backend
BLOCKING_SECONDS = 0.4
# while requests of the background follow each other they take this many times our budget at most
MAX_BUDGET_MULTIPLE = 10.0
MAX_PAUSE = 10.0
PING_GRACE = 0.3  # seconds in which a ping is mostly answered


class RequestLimiter:
    """Gives the turn to one request after the other, and none while the backend is silent."""

    def __init__(
        self, liveness: Liveness, share: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._liveness = liveness
        self._breath = max(1 / (MAX_BUDGET_MULTIPLE * share) - 1, 0.0)
        self._clock = clock
        self._turn = asyncio.Lock()
        self._background = asyncio.Lock()
        self._breathes_until = 0.0
        self._suspended: dict[str, float] = {}
        self._blocked_at = -inf
        self.block_gap = (
            0.0  # seconds to leave between two requests that block the backend, whichever they are
        )
        self.on_block: Callable[[str], None] = ignore_block

    @asynccontextmanager
    async def turn(self, query: str) -> AsyncIterator[None]:
        """The turn of this request. Raises Withheld while only the ping may be sent."""
        async with self._turn:
            await self._settled()
            self._check(query)
            began = self._clock()
            self._liveness.request_began(began)
            try:
                yield
            finally:
                self._liveness.request_ended()
                self._judge(query, began)

    @asynccontextmanager
    async def background_turn(self, query: str) -> AsyncIterator[None]:
        """The turn of a request that nobody waits for: with a pause since the last of its kind."""
        async with self._background:
            await asyncio.sleep(max(self._breathes_until - self._clock(), 0.0))
            async with self.turn(query):
                began = self._clock()
                try:
                    yield
                finally:
                    took = self._clock() - began
                    self._breathes_until = began + took + min(self._breath * took, MAX_PAUSE)

    @asynccontextmanager
    async def blocking_turn(self, query: str) -> AsyncIterator[None]:
        """The turn of a request that is known to block the backend: meanwhile silence proves nothing."""
        async with self._turn:
            await self._settled()
            self._check(query)
            self._check_gap()
            self._liveness.block_began()
            try:
                yield
            finally:
                self._blocked_at = self._clock()
                self._liveness.block_ended()

    def suspend(self, queries: Iterable[str], seconds: float) -> None:
        """Give these no turn for so long, since one of them was seen to block the backend."""
        until = self._clock() + seconds
        self._suspended |= dict.fromkeys(queries, until)

    async def _settled(self) -> None:
        """Give a ping the moment that it needs to tell whether the last silence means anything."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PING_GRACE):
                await self._liveness.certain()

    def _check_gap(self) -> None:
        """Raises Withheld too soon after a request that blocked: the piles of two would become one."""
        left = self.block_gap - (self._clock() - self._blocked_at)
        if left > 0:
            raise PollDeferred(
                f"backend was blocked by another request of ours; the next is {left:.0f} s away", left
            )

    def _check(self, query: str) -> None:
        """Raises what the state of the backend means for a request that would be sent now."""
        left = self._suspended.get(query, 0.0) - self._clock()
        if left > 0:
            raise PollDeferred(
                f"backend {query} blocks the backend; it is not requested for {left:.0f} s", left
            )
        if self._liveness.state == REFUSING:
            raise SourceUnreachable("backend refuses connections, or its proxy says that it is not there")
        if self._liveness.state == SILENT:
            raise SourceTimeout("backend gives no response; only the ping is sent until it does")
        if not self._liveness.may_be_asked:
            raise PollDeferred("backend is blocked or about to be found silent; only the ping is sent")

    def _judge(self, query: str, began: float) -> None:
        if self._clock() - began >= BLOCKING_SECONDS and not self._liveness.responded_since(began):
            self.on_block(query)


def ignore_block(_: str) -> None:
    """Nobody wants to know."""
