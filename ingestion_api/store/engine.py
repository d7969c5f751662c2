"""Database engines for SQLite and PostgreSQL, and what their errors mean.

The client encoding is UTF-8. A server of encoding SQL_ASCII, which initdb creates where no locale is set,
converts nothing, and fails a statement at a text that is not UTF-8. So there is no conversion there: the
service writes UTF-8, and accepts any bytes that others have written.
"""

from pathlib import Path
from typing import Any

from psycopg.adapt import Buffer, Loader
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, StatementError

from ingestion_api.store.liveness import ping_idle_only

UTF8 = "utf8"
TEXT_TYPES = ("text", "varchar", "bpchar", "name")
# marks errors of the backend's database, so that they name the right database
RESOURCES_DETAIL = "of the resources"
WRITE_OPTION = "watchroom_writes"  # True, or for how many seconds SQLite waits for its write lock
# A query of PostgreSQL sees what is committed when it begins, also within a transaction. So a read without
# one sees the same, and saves the round trips that begin and end a transaction.
READ_OPTION = "watchroom_reads"
# A connection can end without a word, as after a failover or in a NAT. The system would wait for a quarter of
# an hour for an acknowledgement, and for two hours where nothing is sent. In seconds, the last: ms.
HALF_OPEN = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}
POOL_TIMEOUT = 5.0  # seconds; then the response is 503, rather than a growing queue of threads
LOCK_TIMEOUT = 5.0  # seconds for which a query waits while another process has locked an SQLite file
READ_ONLY = "cannot be written: it is read-only"
FULL = "cannot be written: its disk is full"
BUSY = "is busy"
UNREACHABLE = "does not answer"
_SQLITE = {5: BUSY, 6: BUSY, 8: READ_ONLY, 13: FULL}
_POSTGRES = {"25006": READ_ONLY, "53100": FULL, "55P03": BUSY}


class LenientTextLoader(Loader):
    """Reads UTF-8, with U+FFFD in place of invalid bytes."""

    def load(self, data: Buffer) -> str:
        """The text of a column."""
        return bytes(data).decode(errors="replace")


def accept_any_encoding(connection: Any, _record: object) -> None:
    """Let a new connection read any bytes of a database with encoding SQL_ASCII."""
    if connection.info.parameter_status("server_encoding") != "SQL_ASCII":
        return
    connection.execute("SET client_encoding TO 'SQL_ASCII'")
    connection.commit()
    for name in TEXT_TYPES:
        connection.adapters.register_loader(name, LenientTextLoader)


def open_engine(url: str) -> Engine:
    """Make an engine for the service's own database, and the folder of an SQLite file."""
    if make_url(url).get_backend_name() != "sqlite":
        engine = _server_engine(url, pool_size=10)
        if engine.dialect.name == "postgresql":
            event.listen(engine, "connect", _disable_psycopg_transactions)
            event.listen(engine, "connect", _use_one_core)
            event.listen(engine, "connect", _use_utc)
            event.listen(engine, "begin", _begin_unless_reading)
        return engine
    Path(make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = _sqlite_engine(url)
    event.listen(engine, "connect", _make_durable)
    return engine


def _use_one_core(connection: Any, _record: object) -> None:
    """Count on one core: the others belong to the service's requests, or to a backend on the same server."""
    connection.execute("SET max_parallel_workers_per_gather TO 0")


def _use_utc(connection: Any, _record: object) -> None:
    """Compare moments in UTC: columns have no zone, and the server would take them to be in its own."""
    connection.execute("SET TIME ZONE 'UTC'")


def open_backend_engine(url: str) -> Engine:
    """Make an engine for the backend's database, whose own settings stay."""
    is_file = make_url(url).get_backend_name() == "sqlite"
    engine = _sqlite_engine(url) if is_file else _server_engine(url, pool_size=5)
    event.listen(engine, "handle_error", _mark_resources_error)
    return engine


def _mark_resources_error(context: ExceptionContext) -> None:
    if isinstance(context.sqlalchemy_exception, StatementError):
        context.sqlalchemy_exception.add_detail(RESOURCES_DETAIL)


def _server_engine(url: str, pool_size: int) -> Engine:
    postgres = make_url(url).get_backend_name() == "postgresql"
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_TIMEOUT,
        pool_pre_ping=True,
        pool_use_lifo=True,  # its caches are warm
        connect_args=_connect_args(url) if postgres else {},
    )
    if postgres:
        event.listen(engine, "connect", accept_any_encoding)
        ping_idle_only(engine)
    return engine


def _connect_args(url: str) -> dict[str, object]:
    """What libpq is told unless the URL says it."""
    given = make_url(url).query
    usual = {"connect_timeout": 2, **HALF_OPEN}
    return {**{name: value for name, value in usual.items() if name not in given}, "client_encoding": UTF8}


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=10,
        max_overflow=10,
        pool_timeout=POOL_TIMEOUT,
        pool_use_lifo=True,
        connect_args={"timeout": LOCK_TIMEOUT},
    )
    event.listen(engine, "connect", _disable_driver_transactions)
    event.listen(engine, "begin", _begin)
    return engine


def _disable_driver_transactions(connection: Any, _record: object) -> None:
    # the driver would begin transactions after the first read, too late to check the queue limit
    connection.isolation_level = None


def _disable_psycopg_transactions(connection: Any, _record: object) -> None:
    connection.autocommit = True


def _begin_unless_reading(connection: Connection) -> None:
    if not connection.get_execution_options().get(READ_OPTION):
        connection.exec_driver_sql("BEGIN")


def _make_durable(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # an accepted job survives a power cut as well
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITE_OPTION)
    if isinstance(writes, float):
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(1000 * writes)}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def describe_database_error(error: BaseException) -> str:
    """Describe the error, to follow the database's name in a sentence."""
    original = error.orig if isinstance(error, DBAPIError) else None
    sqlite = getattr(original, "sqlite_errorcode", None)
    if isinstance(sqlite, int):
        return _SQLITE.get(sqlite & 0xFF, UNREACHABLE)
    return _POSTGRES.get(str(getattr(original, "sqlstate", "")), UNREACHABLE)
