"""Sessions on the service's own database: short reads and short writes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from zlib import crc32

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from ingestion_api.clock import Clock, SteadyClock, wall_time
from ingestion_api.errors import Unavailable
from ingestion_api.store.engine import BUSY, LOCK_TIMEOUT, READ_OPTION, WRITE_OPTION, open_engine
from ingestion_api.store.turns import Turns

MIN_LOCK_TIMEOUT = 1.0  # seconds, also after a long wait for other threads


class Store:
    """Sessions on one database.

    A write waits for `lock_timeout` seconds while others write to an SQLite file: Unavailable, or
    OperationalError where the others are another process. Other databases lock rows only.
    """

    def __init__(self, engine: Engine, lock_timeout: float = LOCK_TIMEOUT) -> None:
        self.engine = engine
        self._lock_timeout = lock_timeout
        # SQLite lets waiting writers sleep and retry, which is neither quick nor fair: these queue them
        self._write_lock = Lock() if engine.dialect.name == "sqlite" else None
        file = engine.url.database if self._write_lock else None
        self._turns = Turns(Path(file)) if file else None
        self._reader = engine.execution_options(**{READ_OPTION: True})

    @classmethod
    def at(cls, url: str, lock_timeout: float = LOCK_TIMEOUT) -> "Store":
        """The store at an SQLAlchemy URL; nothing is connected yet."""
        return cls(open_engine(url), lock_timeout)

    @contextmanager
    def read(self, *, streams: bool = False) -> Iterator[Session]:
        """A session for reading, which writes nothing; one that streams rows needs `streams`."""
        with Session(self.engine if streams else self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that is committed at the end of the block, or not at all."""
        with self._turn() as left, Session(self.engine, expire_on_commit=False) as session:
            # SQLite takes its only write lock now, so that what is read below stays true until the commit
            session.connection(execution_options={WRITE_OPTION: left})
            yield session
            session.commit()

    @contextmanager
    def _turn(self) -> Iterator[float]:
        """Wait for other writers, of this process and of others; the seconds that are left for the lock."""
        if self._write_lock is None:
            yield self._lock_timeout
            return
        deadline = time.monotonic() + self._lock_timeout
        if not self._write_lock.acquire(timeout=self._lock_timeout):
            raise Unavailable(f"The service's database {BUSY}; try again shortly.")
        try:
            with self._turns.take(deadline) if self._turns else nullcontext():
                yield max(deadline - time.monotonic(), MIN_LOCK_TIMEOUT)
        finally:
            self._write_lock.release()

    def now(self) -> datetime:
        """The time of the database server; for SQLite, that of this machine."""
        if self.engine.dialect.name != "postgresql":
            return wall_time()
        with self.read() as session:
            moment: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        return moment.astimezone(UTC)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        if self._turns:
            self._turns.close()


def sync_clock(clock: Clock, store: Store) -> None:
    """Synchronize a steady clock with the database's time; other clocks stay as they are."""
    if isinstance(clock, SteadyClock):
        clock.follow(store.now())


def take_advisory_lock(session: Session, subject: str) -> None:
    """Block other transactions about `subject` until this one ends; call it in `Store.write`."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": crc32(subject.encode())})
