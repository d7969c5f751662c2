"""The way to a PostgreSQL database, with psycopg."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from psycopg import pq
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, text

from exporter.sources.database.postgres_connection import CountingConnection, TransactionCounts

APPLICATION_NAME = "watchroom-exporter"
MAX_LOCK_TIMEOUT = 500  # milliseconds that we wait for a lock, while others wait behind us
IDLE_TIMEOUT = 15_000  # milliseconds after which the server ends a transaction of ours that has gone silent
CONNECT_TIMEOUT = 2  # seconds; the driver's own minimum
# for this transaction alone, so that nothing stays behind in a pooler that shares server connections
SET_LIMITS = text(
    """
    SELECT set_config('statement_timeout', :most, true), set_config('lock_timeout', :lock, true),
           set_config('idle_in_transaction_session_timeout', :abandoned, true),
           set_config('TimeZone', 'UTC', true)
    """
)
# releases the locks of the reading, and heals the transaction if it failed
RELEASE_SAVEPOINT = "ROLLBACK TO SAVEPOINT watchroom; RELEASE SAVEPOINT watchroom"


class PostgresDriver:
    """Connections that are kept, read only, and whose socket can be shut from outside."""

    dialect = "postgresql"
    path: Path | None = None
    reuses_connection = True

    def __init__(self, url: URL) -> None:
        # whatever driver the backend itself uses, and options of it that only that driver knows
        known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - {"client_encoding"}
        query = {key: value for key, value in url.query.items() if key in known}
        if "ssl" in url.query and isinstance(url.query["ssl"], str):
            query.setdefault("sslmode", {"true": "require"}.get(url.query["ssl"], url.query["ssl"]))
        self.url = url.set(drivername="postgresql+psycopg", query=query)

    def for_ping(self) -> "PostgresDriver":
        """The same way for single statements, each a transaction of its own."""
        return PostgresPingDriver(self.url)

    def make_engine(self, seconds: float, tally: TransactionCounts) -> Engine:  # noqa: ARG002  (SQLite's needs the seconds)
        """An engine that soon gives up connecting, since a connection that is not yet there cannot be cut."""
        engine = create_engine(
            self.url,
            poolclass=NullPool,
            hide_parameters=True,
            use_native_hstore=False,  # spares a question at each connection
            **self._transaction_options(),
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT,
                "application_name": APPLICATION_NAME,
                "client_encoding": "SQL_ASCII",  # the server converts and checks nothing, AnyText reads it
                "prepare_threshold": None,  # poolers lose prepared statements
            },
        )

        def connect(_: object, __: object, ___: object, arguments: dict[str, Any]) -> CountingConnection:
            return CountingConnection.connect_counted(tally, **arguments)

        event.listen(engine, "do_connect", connect)
        return engine

    def _transaction_options(self) -> dict[str, Any]:
        """Read committed, so that no snapshot outlives its statement, whatever the server's default is."""
        return {"isolation_level": "READ COMMITTED", "execution_options": {"postgresql_readonly": True}}

    def interrupter(self, connection: Any) -> Callable[[], None]:
        """Shuts the socket: the thread that waits on it returns at once with an error."""
        # a descriptor of our own, so that it never names another file once the driver has closed its own
        twin = socket.socket(fileno=os.dup(connection.pgconn.socket))

        def cut() -> None:
            with suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)
            twin.close()

        return cut

    def set_timeout(self, connection: Connection, seconds: float) -> None:
        """Let the server, too, end what takes too long, not wait behind locks, and give times in UTC."""
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
        """Let what fails in the block fail alone, and keep no lock after it."""
        connection.exec_driver_sql("SAVEPOINT watchroom")
        try:
            yield
        finally:
            if not connection.invalidated:
                connection.exec_driver_sql(RELEASE_SAVEPOINT)


class PostgresPingDriver(PostgresDriver):
    """One statement is one transaction, without a BEGIN or a bound around it: the socket is cut in time."""

    def _transaction_options(self) -> dict[str, Any]:
        return {"isolation_level": "AUTOCOMMIT"}

    def set_timeout(self, connection: Connection, seconds: float) -> None:
        """Nothing: a setting would be a statement more."""

    @contextmanager
    def isolated(self, connection: Connection) -> Iterator[None]:  # noqa: ARG002  (as above)
        """A single statement stands apart by itself."""
        yield
