"""The engine with its pool: 5 connections and 10 more in need."""

import uuid
from datetime import UTC, datetime

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, Pool, QueuePool

POOL_SIZE = 5
MAX_OVERFLOW = 10
# Long enough for a neighbour's write, short enough for a request to fail while someone watches.
BUSY_SECONDS = 1.0
# SELECT 1 reads no page of an SQLite file and so succeeds on a locked one; this reads one.
PROBE = text("SELECT 1 FROM users LIMIT 1")


def open_engine(url: str, pool_timeout: float, sizes: tuple[int, int] = (POOL_SIZE, MAX_OVERFLOW)) -> Engine:
    """An engine whose QueuePool lends these many connections at most, waiting this many seconds for one.

    The first of `sizes` are kept when they come back, the others closed.
    """
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=sizes[0],
        max_overflow=sizes[1],
        pool_timeout=pool_timeout,
        pool_pre_ping=not url.startswith("sqlite"),
        pool_recycle=300,
        connect_args=_connect_arguments(url),
    )
    return _prepared(engine)


def open_single(url: str) -> Engine:
    """An engine without a pool, for processes that ask rarely."""
    return _prepared(create_engine(url, poolclass=NullPool, connect_args=_connect_arguments(url)))


def queue_pool(engine: Engine) -> QueuePool:
    """The engine's pool, known to be a QueuePool."""
    pool: Pool = engine.pool
    if not isinstance(pool, QueuePool):
        raise TypeError(f"the pool is a {type(pool).__name__}; expected a QueuePool")
    return pool


def now() -> datetime:
    """This moment as the naive UTC time that the contract stores."""
    return datetime.now(UTC).replace(tzinfo=None)


def new_id() -> str:
    """A fresh UUID in its 36 characters."""
    return str(uuid.uuid4())


def _connect_arguments(url: str) -> dict[str, object]:
    if url.startswith("sqlite"):
        return {"timeout": BUSY_SECONDS, "check_same_thread": False}
    # a server of encoding SQL_ASCII would otherwise give bytes for text
    return {"connect_timeout": 2, "options": "-c statement_timeout=30000", "client_encoding": "utf8"}


def _prepared(engine: Engine) -> Engine:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
