"""Runs the reads of one period together, so that the server counts one transaction for them."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import TypeVar

from sqlalchemy import Connection

from exporter.errors import SourceError
from exporter.sources.database.reader import DatabaseReader, PendingRead

T = TypeVar("T")
MAX_BATCH_WAIT = 0.5  # seconds that due reads wait for a late one


class ReadBatcher:
    """Collects reads until all members are there, or until the period is over.

    A member out of step, as after a failure, waits for the others and is in step again.
    """

    def __init__(self, link: DatabaseReader, period: float, allowed: Callable[[], Awaitable[object]]) -> None:
        self._reader = link
        self._period = period
        self._check_reachable = allowed
        self._members = 0
        self._pending: list[PendingRead] = []
        self._is_complete = asyncio.Event()
        self._due = float("-inf")  # the loop's time
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    def batched(self, read: Callable[[Connection], T]) -> Callable[[], Awaitable[T]]:
        """A function that runs this read in a batch; add all members before the first call."""
        self._members += 1

        async def ask() -> T:
            reading = PendingRead(read, asyncio.get_running_loop().create_future())
            self._pending.append(reading)
            if len(self._pending) >= self._members:
                self._is_complete.set()
            self._start()
            answer: T = await reading.result
            return answer

        return ask

    async def close(self) -> None:
        """Stop the batches."""
        self._is_closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _start(self) -> None:
        if self._task is None:
            # in a context of its own: it belongs to no single scrape
            self._task = asyncio.create_task(self._run(), name="read together", context=Context())

    async def _run(self) -> None:
        try:
            await self._gather()
            readings, self._pending = self._pending, []
            self._is_complete.clear()
            await self._read(readings)
        finally:
            self._task = None
            if self._pending and not self._is_closed:
                self._start()

    async def _gather(self) -> None:
        now = asyncio.get_running_loop().time()
        patience = max(self._due - now, 0.0) + min(self._period / 10, MAX_BATCH_WAIT)
        try:
            async with asyncio.timeout(patience):
                await self._is_complete.wait()
        except TimeoutError:
            return

    async def _read(self, readings: list[PendingRead]) -> None:
        try:
            # a database that does not respond to a ping gets no bigger query
            await self._check_reachable()
        except SourceError as error:
            for reading in readings:
                reading.fail(error)
            return
        await self._reader.read_batch(readings)
        self._due = asyncio.get_running_loop().time() + self._period
