"""The service's own database: short reads, short writes, one writer at a time where it must be so."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from threading import Lock
from zlib import crc32

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from ingestion_api.clock import Clock, SteadyClock, wall_time
from ingestion_api.store.engine import WRITE_OPTION, open_engine


class Store:
    """Sessions on one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # SQLite lets waiting writers sleep and try again, which is neither quick nor fair: here they queue
        self._write_lock = Lock() if engine.dialect.name == "sqlite" else nullcontext()

    @classmethod
    def at(cls, url: str) -> "Store":
        """The store at an SQLAlchemy address; nothing is asked of it yet."""
        return cls(open_engine(url))

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database; what it changes is dropped."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that is committed at the end of the block, or not at all."""
        with self._write_lock, Session(self.engine, expire_on_commit=False) as session:
            # SQLite takes its only write lock now, so that what is read below is still true when written
            session.connection(execution_options={WRITE_OPTION: True})
            yield session
            session.commit()

    def now(self) -> datetime:
        """The time of the database's server, for all who use it; of a file, that of this machine."""
        if self.engine.dialect.name != "postgresql":
            return wall_time()
        with self.read() as session:
            found: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        return found.astimezone(UTC)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def sync_clock(clock: Clock, store: Store) -> None:
    """Let a steady clock learn the database's time; other clocks are left as they are."""
    if isinstance(clock, SteadyClock):
        clock.follow(store.now())


def take_advisory_lock(session: Session, subject: str) -> None:
    """Hold every other transaction about `subject` back until this one ends; call it in `Store.write`."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": crc32(subject.encode())})
