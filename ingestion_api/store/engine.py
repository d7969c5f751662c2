"""A database engine with the behaviour the service relies on, for SQLite and PostgreSQL."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url

WRITES = "watchroom_writes"
POOL_WAIT = 5.0  # seconds; then the answer is 503 rather than a growing line of threads


def open_engine(url: str, *, pool_size: int = 10) -> Engine:
    """An engine for `url`; the folder of an SQLite file is made when missing."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite(url, address.database, pool_size)
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_WAIT,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 2} if address.get_backend_name() == "postgresql" else {},
    )


def _sqlite(url: str, file: str | None, pool_size: int) -> Engine:
    if file and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url, pool_size=pool_size, max_overflow=pool_size, pool_timeout=POOL_WAIT, connect_args={"timeout": 10}
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    # the driver would begin transactions late, after the first read, which loses the race for a slot
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # an accepted job survives a power cut as well
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
