"""The way to a PostgreSQL database, with psycopg."""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from psycopg import pq
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, text

APPLICATION = "watchroom-exporter"
PATIENCE = 500  # milliseconds that we wait for a lock, while others wait behind us
LEAST = 2  # seconds; the driver's own minimum
# for this transaction alone, so that nothing stays behind in a pooler that shares server connections
BOUND = text("SELECT set_config('statement_timeout', :most, true), set_config('lock_timeout', :lock, true)")


class Postgres:
    """Connections that are kept, read only, and whose socket can be shut from outside."""

    dialect = "postgresql"
    kept = True

    def __init__(self, url: URL) -> None:
        # whatever driver the backend itself uses, and options of it that only that driver knows
        known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
        query = {key: value for key, value in url.query.items() if key in known}
        if "ssl" in url.query and isinstance(url.query["ssl"], str):
            query.setdefault("sslmode", {"true": "require"}.get(url.query["ssl"], url.query["ssl"]))
        self.url = url.set(drivername="postgresql+psycopg", query=query)

    def engine(self, seconds: float) -> Engine:  # noqa: ARG002  (SQLite's needs it)
        """An engine that soon gives up connecting, since a connection that is not yet there cannot be cut."""
        return create_engine(
            self.url,
            poolclass=NullPool,
            hide_parameters=True,
            use_native_hstore=False,  # spares a question at each connection
            execution_options={"postgresql_readonly": True},
            connect_args={
                "connect_timeout": LEAST,
                "application_name": APPLICATION,
                "prepare_threshold": None,  # poolers lose prepared statements
            },
        )

    def plug(self, connection: Any) -> Callable[[], None]:
        """Shuts the socket: the thread that waits on it returns at once with an error."""
        # a descriptor of our own, so that it never names another file once the driver has closed its own
        twin = socket.socket(fileno=os.dup(connection.pgconn.socket))

        def cut() -> None:
            with suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)
            twin.close()

        return cut

    def prepare(self, connection: Connection, seconds: float) -> None:
        """Let the server, too, end what takes too long, and not wait behind locks."""
        most = int(seconds * 1000)
        connection.execute(BOUND, {"most": str(most), "lock": str(min(most // 4, PATIENCE))})
