"""One connection to the database in a thread of its own: what takes too long is cut off."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from exporter.errors import SourceError, TimedOut
from exporter.sources.database.errors import said
from exporter.sources.database.own_thread import OwnThread
from exporter.sources.database.way import Way

T = TypeVar("T")


class Link:
    """Reads one thing after another; nothing piles up behind a reading that does not return.

    `seconds` bounds one reading with all its statements, `statement` one statement of it.
    """

    def __init__(self, name: str, way: Way, seconds: float, statement: float | None = None) -> None:
        self._way = way
        self._seconds = seconds
        self._statement = statement or seconds
        self._thread = OwnThread(f"database {name}")
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        self._reading: Future[Any] | None = None
        self._plug: Callable[[], None] | None = None
        self._cut_off = False

    async def read(self, read: Callable[[Connection], T]) -> T:
        """What `read` makes of the connection. Raises SourceError: TimedOut after `seconds`."""
        async with self._turn:
            if self._reading is not None and not self._reading.done():
                raise TimedOut("database has not yet let go of an earlier question")
            self._cut_off = False
            reading = self._reading = self._thread.submit(partial(self._read, read))
            try:
                async with asyncio.timeout(self._seconds):
                    return await asyncio.wrap_future(reading)
            except TimeoutError:
                raise TimedOut(f"database gave no answer within {self._seconds:g} s") from None
            finally:
                if not reading.done():
                    self._cut()

    async def close(self) -> None:
        """Cut off what is being read, close the connection, end the thread; takes a second at most."""
        if self._reading is not None:
            if not self._reading.done():
                self._cut()
            self._thread.submit(self._drop)
            await asyncio.to_thread(self._thread.end, 1.0)

    def _cut(self) -> None:
        self._cut_off = True
        if self._plug is not None:
            self._plug()

    # what follows runs in the link's own thread

    def _read(self, read: Callable[[Connection], T]) -> T:
        kept = self._connection is not None
        try:
            return self._attempt(read)
        except DBAPIError as error:
            # a kept connection that broke says nothing of the database as it is now: ask over a new one
            if not (kept and error.connection_invalidated) or self._cut_off:
                raise said(error) from None
        except SourceError:
            raise
        except Exception as error:
            raise said(error) from error
        try:
            return self._attempt(read)
        except DBAPIError as error:
            raise said(error) from None

    def _attempt(self, read: Callable[[Connection], T]) -> T:
        try:
            connection = self._connected()
            with connection.begin():
                self._way.prepare(connection, self._statement)
                answer = read(connection)
        except BaseException:
            self._drop()
            raise
        if not self._way.kept:
            self._drop()
        return answer

    def _connected(self) -> Connection:
        if self._engine is None:
            self._engine = self._way.engine(self._seconds)
            # before the engine's own first questions to the server, in which it can hang as well
            event.listen(self._engine, "connect", self._plugged, insert=True)
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _plugged(self, connection: Any, _: object) -> None:
        self._plug = self._way.plug(connection)
        if self._cut_off:
            self._plug()

    def _drop(self) -> None:
        connection, self._connection, plug, self._plug = self._connection, None, self._plug, None
        if connection is not None:
            connection.invalidate()
            connection.close()
        if plug is not None:
            plug()
