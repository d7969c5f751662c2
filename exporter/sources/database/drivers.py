"""The database drivers: how to connect, bound and interrupt; PostgreSQL's with psycopg."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, text

from exporter.settings_types import parse_database_url
from exporter.sources.database.transaction_counts import TransactionCounts

APPLICATION_NAME = "watchroom-exporter"
MAX_LOCK_TIMEOUT = 500  # milliseconds to wait for a lock, while others queue behind it
IDLE_TIMEOUT = 15_000  # milliseconds after which the server ends an idle transaction
CONNECT_TIMEOUT = 2  # seconds; the driver's own minimum
# for this transaction only, since a pooler shares server connections
SET_LIMITS = text(
    """
    SELECT set_config('statement_timeout', :most, true), set_config('lock_timeout', :lock, true),
           set_config('idle_in_transaction_session_timeout', :abandoned, true),
           set_config('TimeZone', 'UTC', true)
    """
)
# releases the locks of the read, and recovers the transaction if it failed
RELEASE_SAVEPOINT = "ROLLBACK TO SAVEPOINT watchroom; RELEASE SAVEPOINT watchroom"


class PostgresDriver:
    """Read-only connections that are kept, and whose socket can be shut down from another thread."""

    dialect = "postgresql"
    path: Path | None = None
    reuses_connection = True

    def __init__(self, url: URL) -> None:
        # psycopg takes 8 MiB, which a watcher of SQLite does not need
        from psycopg import pq  # noqa: PLC0415

        # drop the backend's driver, and options that only that driver knows
        known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - {"client_encoding"}
        query = {key: value for key, value in url.query.items() if key in known}
        if "ssl" in url.query and isinstance(url.query["ssl"], str):
            query.setdefault("sslmode", {"true": "require"}.get(url.query["ssl"], url.query["ssl"]))
        self.url = url.set(drivername="postgresql+psycopg", query=query)

    def for_ping(self) -> "PostgresDriver":
        """The driver for single statements, each a transaction of its own."""
        return PostgresPingDriver(self.url)

    def make_engine(self, seconds: float, counts: TransactionCounts) -> Engine:  # noqa: ARG002  (SQLite's needs the seconds)
        """An engine with a short connect timeout, since a connection attempt cannot be interrupted."""
        # as in __init__
        from exporter.sources.database.postgres_connection import CountingConnection  # noqa: PLC0415

        engine = create_engine(
            self.url,
            poolclass=NullPool,
            hide_parameters=True,
            use_native_hstore=False,  # saves a query per connection
            **self._transaction_options(),
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT,
                "application_name": APPLICATION_NAME,
                "client_encoding": "SQL_ASCII",  # the server converts and checks nothing
                "prepare_threshold": None,  # poolers lose prepared statements
            },
        )

        def connect(_: object, __: object, ___: object, arguments: dict[str, Any]) -> CountingConnection:
            return CountingConnection.connect_counted(counts, **arguments)

        event.listen(engine, "do_connect", connect)
        return engine

    def _transaction_options(self) -> dict[str, Any]:
        """Read committed, so that no snapshot outlives its statement, whatever the server's default is."""
        return {"isolation_level": "READ COMMITTED", "execution_options": {"postgresql_readonly": True}}

    def interrupter(self, connection: Any) -> Callable[[], None]:
        """A function that shuts down the socket: a thread that waits on it returns at once with an error."""
        # a duplicate, so that it never refers to another file after the driver has closed its own
        twin = socket.socket(fileno=os.dup(connection.pgconn.socket))

        def cut() -> None:
            with suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)
            twin.close()

        return cut

    def set_timeout(self, connection: Connection, seconds: float) -> None:
        """Set the server's own timeouts for statements and locks, and UTC for times."""
        most = int(seconds * 1000)
        connection.execute(
            SET_LIMITS,
            {
                "most": str(most),
                "lock": str(min(most // 4, MAX_LOCK_TIMEOUT)),
                "abandoned": str(most + IDLE_TIMEOUT),
            },
        )

    @contextmanager
    def isolated(self, connection: Connection) -> Iterator[None]:
        """A savepoint: an error in the block fails alone, and no lock outlives it."""
        connection.exec_driver_sql("SAVEPOINT watchroom")
        try:
            yield
        finally:
            if not connection.invalidated:
                connection.exec_driver_sql(RELEASE_SAVEPOINT)


class PostgresPingDriver(PostgresDriver):
    """One statement is one transaction, without BEGIN or timeouts: the reader interrupts it."""

    def _transaction_options(self) -> dict[str, Any]:
        return {"isolation_level": "AUTOCOMMIT"}

    def set_timeout(self, connection: Connection, seconds: float) -> None:
        """Nothing: a setting would be a statement more."""

    @contextmanager
    def isolated(self, connection: Connection) -> Iterator[None]:  # noqa: ARG002  (as above)
        """Nothing: a single statement is isolated already."""
        yield


class DatabaseDriver(Protocol):
    """What differs between the databases."""

    dialect: str
    path: Path | None  # of a file; None for a server
    reuses_connection: bool  # whether a connection serves more than one read

    def for_ping(self) -> "DatabaseDriver":
        """The driver for single small statements."""
        ...

    def make_engine(self, seconds: float, counts: TransactionCounts) -> Engine:
        """An engine without a pool for reads of `seconds`; `counts` counts its transactions."""
        ...

    def interrupter(self, connection: Any) -> Callable[[], None]:
        """A function that interrupts this connection from any thread, whatever it waits for."""
        ...

    def set_timeout(self, connection: Connection, seconds: float) -> None:
        """Set the timeouts of this transaction."""
        ...

    def isolated(self, connection: Connection) -> AbstractContextManager[None]:
        """A context in which a failing read does not fail the others of the transaction."""
        ...


def make_driver(url: str) -> DatabaseDriver:
    """The driver for this SQLAlchemy URL. Raises ValueError, without the URL in its message."""
    address = parse_database_url(url)
    if address.get_backend_name() == "sqlite":
        from exporter.sources.database.sqlite_driver import SqliteDriver  # noqa: PLC0415  (its library: 2 MiB)

        return SqliteDriver(address)
    return PostgresDriver(address)
