"""The driver for a SQLite file, with the standard library."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event

from exporter.settings_types import sqlite_file
from exporter.sources.database.transaction_counts import TransactionCounts

CLOCK_CHECK_STEPS = 5_000  # steps of SQLite's virtual machine between two checks of the clock, about 0.1 ms


class SqliteDriver:
    """Opens a new connection for each read, since the file may have been replaced."""

    dialect = "sqlite"
    reuses_connection = False

    def __init__(self, url: URL) -> None:
        self.path: Path | None = Path(sqlite_file(url)).absolute()

    def for_ping(self) -> "SqliteDriver":
        """The same driver: each statement is a transaction of its own."""
        return self

    def make_engine(self, seconds: float, counts: TransactionCounts) -> Engine:  # noqa: ARG002  (a file counts none)
        """An engine that reads the file, never creates it, and waits a moment for its lock."""

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(
                f"file:{quote(str(self.path))}?mode=ro",
                uri=True,
                timeout=min(seconds, 1.0) * 0.8,
                isolation_level=None,
                check_same_thread=False,
            )
            connection.text_factory = decode_text
            return connection

        engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
        event.listen(engine, "before_cursor_execute", start_statement_clock)
        return engine

    def interrupter(self, connection: Any) -> Callable[[], None]:
        """A function that interrupts the running statement."""

        def cut() -> None:
            try:
                connection.interrupt()
            except sqlite3.ProgrammingError:
                return  # closed in the meantime

        return cut

    def set_timeout(self, connection: Connection, seconds: float) -> None:
        """Let no statement hold the file's read lock longer than `seconds`, since readers block writers."""
        clock = {"ends": float("inf"), "seconds": seconds}
        connection.info["clock"] = clock
        raw: Any = connection.connection.driver_connection
        raw.set_progress_handler(lambda: time.monotonic() > clock["ends"], CLOCK_CHECK_STEPS)

    def isolated(self, connection: Connection) -> AbstractContextManager[None]:  # noqa: ARG002  (as below)
        """Nothing: a transaction around several statements would hold the lock for all of them."""
        return nullcontext()


def decode_text(value: bytes) -> str:
    """The text of a column, which may hold any bytes; invalid UTF-8 is replaced."""
    return value.decode(errors="replace")


def start_statement_clock(connection: Connection, *_: object) -> None:
    """Start the timeout of a statement."""
    clock = connection.info.get("clock")
    if clock is not None:
        clock["ends"] = time.monotonic() + clock["seconds"]
