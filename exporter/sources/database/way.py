"""The way to one kind of database: how a connection is made, bounded and cut off."""

from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import Connection, Engine

from exporter.database_url import database_address
from exporter.sources.database.postgres import Postgres
from exporter.sources.database.sqlite import Sqlite


class Way(Protocol):
    """What differs between the databases that can be asked."""

    dialect: str
    kept: bool  # whether a connection serves more than one question

    def engine(self, seconds: float) -> Engine:
        """An engine without a pool for questions of `seconds`."""
        ...

    def plug(self, connection: Any) -> Callable[[], None]:
        """What cuts this driver's connection off from any thread, whatever it waits for."""
        ...

    def prepare(self, connection: Connection, seconds: float) -> None:
        """Bound what follows in this transaction."""
        ...


def way_to(url: str) -> Way:
    """The way to the database of this SQLAlchemy URL. Raises ValueError, which does not hold the URL."""
    address = database_address(url)
    return Sqlite(address) if address.get_backend_name() == "sqlite" else Postgres(address)
