"""One connection to the database in a thread of its own; reads that take too long are interrupted."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, RootTransaction, event
from sqlalchemy.exc import DBAPIError

from exporter.errors import SourceError, SourceTimeout
from exporter.footprint import count_busy_time
from exporter.sources.database.daemon_executor import DaemonExecutor
from exporter.sources.database.drivers import DatabaseDriver
from exporter.sources.database.errors import DatabaseLocked, is_disconnect, to_source_error
from exporter.sources.database.transaction_counts import TransactionCounts

T = TypeVar("T")
WAIT_STEP = 0.1  # seconds between two checks for a stall of this process
STALL_SECONDS = 0.3  # a longer delay of this process is a stall, in which silence proves nothing
MAX_RECONNECTS = 10  # per read, as when an administrator terminates sessions
MAX_STALLS = 3  # per read; each one restarts the timeout
CANCEL_GRACE = 0.2  # seconds within which a thread returns after an interrupt


class DatabaseTimeout(SourceTimeout):
    """No response in time; the connection was interrupted."""


@dataclass(frozen=True)
class PendingRead:
    """One read in a transaction with others, and the future of its result.

    The time that it takes counts for the poll in whose context it was made, without that of the others.
    """

    read: Callable[[Connection], Any]
    result: asyncio.Future[Any]
    context: Context = field(default_factory=copy_context)

    def fail(self, error: SourceError) -> None:
        """Set the error, unless there is a result."""
        if not self.result.done():
            self.result.set_exception(error)

    def succeed(self, value: Any) -> None:
        """Set the result, unless there is one."""
        if not self.result.done():
            self.result.set_result(value)


class DatabaseReader:
    """Reads one after another; nothing piles up behind a read that does not return.

    `seconds` bounds one read with all its statements, `statement` one statement of it.
    """

    def __init__(
        self, name: str, way: DatabaseDriver, seconds: float, statement: float | None = None
    ) -> None:
        self.transactions = TransactionCounts()
        self._driver = way
        self._seconds = seconds
        self._statement = statement or seconds
        self._executor = DaemonExecutor(f"database {name}")
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._transaction: RootTransaction | None = None
        self._lock = asyncio.Lock()
        self._work: Future[Any] | None = None
        self._delay = 0.0
        self._interrupt: Callable[[], None] | None = None
        self._is_interrupted = False
        self._is_connected = False

    async def read(self, read: Callable[[Connection], T]) -> T:
        """The result of `read` on the connection. Raises SourceError: DatabaseTimeout after `seconds`."""
        async with self._lock:
            return await self._run_in_time(partial(self._read_alone, read), copy_context())

    async def read_batch(self, reads: Sequence[PendingRead]) -> None:
        """Run these reads in one transaction; each has `seconds`, and one that fails fails alone.

        If there is no connection, or a second read times out, the rest fails with it.
        """
        async with self._lock:
            timeouts = 0
            try:
                for place, pending in enumerate(reads):
                    error = await self._read_one(pending)
                    timeouts += isinstance(error, DatabaseTimeout)
                    if error is not None and (
                        timeouts > 1 or isinstance(error, DatabaseLocked) or self._is_unreachable()
                    ):
                        for other in reads[place + 1 :]:
                            other.fail(error)
                        return
            finally:
                with suppress(SourceError):
                    await self._run_in_time(self._end_transaction, Context())

    async def close(self) -> None:
        """Interrupt the running read, close the connection, end the thread; takes a second at most."""
        if self._work is not None:
            if not self._work.done():
                self._interrupt_read()
            self._executor.submit(self._disconnect)
            await asyncio.to_thread(self._executor.shutdown, 1.0)

    async def _read_one(self, pending: PendingRead) -> SourceError | None:
        if pending.result.done():
            return None  # it was cancelled
        try:
            read = partial(self._read, pending.read)
            pending.succeed(await self._run_in_time(read, pending.context))
        except SourceError as error:
            pending.fail(error)
            if self._work is not None and isinstance(error, DatabaseTimeout):
                # so that the next read finds the thread free
                await asyncio.wait({asyncio.wrap_future(self._work)}, timeout=CANCEL_GRACE)
            return error
        return None

    def _is_unreachable(self) -> bool:
        """Whether the last read got no connection, though it was not interrupted."""
        return not self._is_connected and not self._is_interrupted

    async def _run_in_time(self, work: Callable[[], T], context: Context) -> T:
        if self._work is not None and not self._work.done():
            raise DatabaseTimeout("the previous database query is still running")
        self._is_interrupted, self._delay = False, 0.0
        self._work = self._executor.submit(partial(context.run, self._start_work, work, time.monotonic()))
        answer = asyncio.wrap_future(self._work)
        try:
            if not await self._completes(answer):
                raise DatabaseTimeout(f"database did not respond within {self._seconds:g} s")
            result: T = answer.result()
            return result
        finally:
            if not self._work.done():
                self._interrupt_read()
            answer.cancel()

    async def _completes(self, answer: asyncio.Future[Any]) -> bool:
        """Whether the result comes in time, not counting stalls of this process, which prove nothing."""
        loop = asyncio.get_running_loop()
        stalls, ends = 0, loop.time() + self._seconds
        while (left := ends - loop.time()) > 0:
            step, began = min(WAIT_STEP, left), loop.time()
            done, _ = await asyncio.wait({answer}, timeout=step)
            if done:
                return True
            late = max(loop.time() - began - step, self._delay)
            if late > STALL_SECONDS and stalls < MAX_STALLS:
                stalls, self._delay, ends = stalls + 1, 0.0, loop.time() + self._seconds
        return False

    def _interrupt_read(self) -> None:
        self._is_interrupted = True
        if self._interrupt is not None:
            self._interrupt()

    # the methods below run in the executor's thread

    def _start_work(self, work: Callable[[], T], submitted: float) -> T:
        self._delay = time.monotonic() - submitted
        with count_busy_time():
            return work()

    def _read_alone(self, read: Callable[[Connection], T]) -> T:
        try:
            return self._read(read)
        finally:
            self._end_transaction()

    def _read(self, read: Callable[[Connection], T]) -> T:
        # a lost connection says nothing about the database now, so retry over a new one
        for left in reversed(range(MAX_RECONNECTS + 1)):
            try:
                return self._attempt(read)
            except DBAPIError as error:
                if not left or self._is_interrupted or not is_disconnect(error):
                    raise to_source_error(error) from None
            except SourceError:
                raise
            except Exception as error:
                raise to_source_error(error) from error
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, read: Callable[[Connection], T]) -> T:
        self._is_connected = self._connection is not None
        try:
            connection = self._begin_transaction()
        except DBAPIError:
            self._disconnect()
            raise
        try:
            with self._driver.isolated(connection):
                return read(connection)
        except DBAPIError as error:
            if error.connection_invalidated or self._is_interrupted:
                self._disconnect()
            raise

    def _begin_transaction(self) -> Connection:
        connection = self._connect()
        self._is_connected = True
        if self._transaction is None:
            self._transaction = connection.begin()
            self._driver.set_timeout(connection, self._statement)
        return connection

    def _connect(self) -> Connection:
        if self._engine is None:
            self._engine = self._driver.make_engine(self._seconds, self.transactions)
            # before the engine's own first queries, which can hang as well
            event.listen(self._engine, "connect", self._on_connect, insert=True)
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _on_connect(self, connection: Any, _: object) -> None:
        self._interrupt = self._driver.interrupter(connection)
        if self._is_interrupted:
            self._interrupt()

    def _end_transaction(self) -> None:
        transaction, self._transaction = self._transaction, None
        try:
            if transaction is not None:
                transaction.commit()
        except DBAPIError:
            self.transactions.rollbacks += 1
            self._disconnect()
        if not self._driver.reuses_connection:
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection, interrupt, self._interrupt = (
            self._connection,
            None,
            self._interrupt,
            None,
        )
        # the server rolls back what was open
        self.transactions.rollbacks += self._transaction is not None
        self._transaction = None
        if connection is not None:
            connection.invalidate()
            connection.close()
        if interrupt is not None:
            interrupt()
