"""Probe whether the service's database is writable, by writing one row."""

import time
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.exc import DBAPIError

from ingestion_api.clock import Clock, utc_now
from ingestion_api.errors import Unavailable
from ingestion_api.store.engine import BUSY, WRITE_OPTION, describe_database_error
from ingestion_api.store.store import Store
from ingestion_api.store.tables.base import UtcDateTime

RESULT_MAX_AGE = 2.0  # seconds for which a result is reused
LOCK_TIMEOUT_MS = 1_000  # that other writers are busy is no failure
UPSERT = text(
    "INSERT INTO write_probe (id, at) VALUES (1, :at) ON CONFLICT (id) DO UPDATE SET at = excluded.at"
).bindparams(bindparam("at", type_=UtcDateTime()))


class WriteProbe:
    """Writes at most once in `RESULT_MAX_AGE`; concurrent callers get the previous result."""

    def __init__(
        self, store: Store, clock: Clock = utc_now, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._clock = clock
        self._monotonic = monotonic
        self._lock = Lock()
        self._next = float("-inf")
        self._problem = ""

    def check(self) -> None:
        """Raise Unavailable with the reason when the last write failed."""
        if self._lock.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._lock.release()
        if self._problem:
            raise Unavailable(f"The service's database {self._problem}.")

    def _refresh(self) -> None:
        if self._monotonic() < self._next:
            return
        try:
            self._write()
            self._problem = ""
        except DBAPIError as error:
            problem = describe_database_error(error)
            if problem != BUSY:
                self._problem = problem
        self._next = self._monotonic() + RESULT_MAX_AGE

    def _write(self) -> None:
        write = _write_file if self._store.engine.dialect.name == "sqlite" else _write_server
        with self._store.engine.connect().execution_options(**{WRITE_OPTION: True}) as connection:
            write(connection, self._clock())


def _write_file(connection: Connection, now: datetime) -> None:
    driver: Any = connection.connection.driver_connection
    [timeout] = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute(f"PRAGMA busy_timeout = {LOCK_TIMEOUT_MS}")
    try:
        connection.execute(UPSERT, {"at": now})
        connection.commit()
    finally:
        connection.rollback()
        driver.execute(f"PRAGMA busy_timeout = {timeout}")


def _write_server(connection: Connection, now: datetime) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"))
    connection.execute(text(f"SET LOCAL statement_timeout = {2 * LOCK_TIMEOUT_MS}"))
    connection.execute(UPSERT, {"at": now})
    connection.commit()
