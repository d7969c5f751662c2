"""The way to one kind of database: how a connection is made, bounded and cut off."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine

from exporter.settings_types import parse_database_url
from exporter.sources.database.postgres import PostgresDriver
from exporter.sources.database.postgres_connection import TransactionCounts


class DatabaseDriver(Protocol):
    """What differs between the databases that can be asked."""

    dialect: str
    path: Path | None  # of a file; None for a server
    reuses_connection: bool  # whether a connection serves more than one question

    def for_ping(self) -> "DatabaseDriver":
        """The way for single small statements."""
        ...

    def make_engine(self, seconds: float, tally: TransactionCounts) -> Engine:
        """An engine without a pool for questions of `seconds`, whose transactions `tally` counts."""
        ...

    def interrupter(self, connection: Any) -> Callable[[], None]:
        """What cuts this driver's connection off from any thread, whatever it waits for."""
        ...

    def set_timeout(self, connection: Connection, seconds: float) -> None:
        """Bound what follows in this transaction."""
        ...

    def isolated(self, connection: Connection) -> AbstractContextManager[None]:
        """Keep a reading that fails from failing the others of the transaction."""
        ...


def make_driver(url: str) -> DatabaseDriver:
    """The way to the database of this SQLAlchemy URL. Raises ValueError, which does not hold the URL."""
    address = parse_database_url(url)
    if address.get_backend_name() == "sqlite":
        from exporter.sources.database.sqlite_driver import SqliteDriver  # noqa: PLC0415  (its library: 2 MiB)

        return SqliteDriver(address)
    return PostgresDriver(address)
