"""Sessions on the service's own database: short reads and short writes."""

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
        # SQLite lets waiting writers sleep and retry, which is neither quick nor fair: this lock queues them
        self._write_lock = Lock() if engine.dialect.name == "sqlite" else nullcontext()

    @classmethod
    def at(cls, url: str) -> "Store":
        """The store at an SQLAlchemy URL; nothing is connected yet."""
        return cls(open_engine(url))

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; its changes are dropped."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that is committed at the end of the block, or not at all."""
        with self._write_lock, Session(self.engine, expire_on_commit=False) as session:
            # SQLite takes its only write lock now, so that what is read below stays true until the commit
            session.connection(execution_options={WRITE_OPTION: True})
            yield session
            session.commit()

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


def sync_clock(clock: Clock, store: Store) -> None:
    """Synchronize a steady clock with the database's time; other clocks stay as they are."""
    if isinstance(clock, SteadyClock):
        clock.follow(store.now())


def take_advisory_lock(session: Session, subject: str) -> None:
    """Block other transactions about `subject` until this one ends; call it in `Store.write`."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": crc32(subject.encode())})
