"""Whether the database answers."""

import time
from dataclasses import dataclass

from sqlalchemy import Connection, text

# of a SQLite file SELECT 1 reads nothing, so it would succeed on a locked one
PROBES = {"postgresql": text("SELECT 1"), "sqlite": text("SELECT count(*) FROM sqlite_master")}


@dataclass(frozen=True)
class Ping:
    """An answer of the database to our own smallest question; `seconds` is what it took."""

    seconds: float


def read_ping(connection: Connection) -> Ping:
    """Ask the smallest question that really needs the database."""
    probe = PROBES[connection.dialect.name]
    began = time.perf_counter()
    connection.execute(probe).fetchall()
    return Ping(time.perf_counter() - began)
