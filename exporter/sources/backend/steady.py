"""Questions to a backend that some of our own questions block for seconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")
A_MOMENT = 0.003  # seconds in which a backend that is not blocked mostly answers


class SlowLane:
    """The questions that block the backend's event loop: one at a time, and known while it is under way."""

    def __init__(self, at_most: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_most = at_most
        self._clock = clock
        self._lock = asyncio.Lock()
        self._since: float | None = None

    def ask(self, question: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
        """The same question, put only while no other of this lane is."""

        async def alone() -> T:
            async with self._lock:
                self._since = self._clock()
                try:
                    return await question()
                finally:
                    self._since = None

        return alone

    def blocks(self) -> bool:
        """Whether the backend may be blocked by us now, for no longer than is usual."""
        return self._since is not None and self._clock() - self._since < self._at_most


class Steady(Generic[T]):
    """A question whose answer from before stands while we ourselves keep the backend from answering.

    A blocked event loop finishes no request, so its counts do not change meanwhile, and its silence proves
    nothing. Once the block lasts longer than usual, silence counts again.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]], lane: SlowLane) -> None:
        self._ask = ask
        self._lane = lane
        self._last: tuple[T] | None = None
        self._pending: asyncio.Future[T] | None = None

    async def __call__(self) -> T:
        """The answer. Raises what the question raises."""
        last = self._last
        if last is None or not self._lane.blocks():
            self._leave()
            return await self._note(self._ask())
        if self._pending is None:
            self._pending = asyncio.ensure_future(self._ask())
            self._pending.add_done_callback(forgive)
        await asyncio.wait({self._pending}, timeout=A_MOMENT)
        if not self._pending.done():
            return last[0]
        pending, self._pending = self._pending, None
        return await self._note(pending)

    async def close(self) -> None:
        """Wait no longer for what was asked beside a slow question."""
        pending = self._pending
        self._leave()
        if pending is not None:
            await asyncio.wait({pending})

    async def _note(self, answer: Awaitable[T]) -> T:
        self._last = None
        value = await answer
        self._last = (value,)
        return value

    def _leave(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None


def forgive(future: "asyncio.Future[T]") -> None:
    """Look at the error of a question that nobody waits for any more, so that asyncio does not complain."""
    if not future.cancelled():
        future.exception()
