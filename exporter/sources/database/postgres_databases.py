"""What PostgreSQL counts for each database of the server."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

COUNTED = (
    "xact_commit", "xact_rollback", "blks_read", "blks_hit", "tup_returned", "tup_fetched", "tup_inserted",
    "tup_updated", "tup_deleted", "conflicts", "temp_files", "temp_bytes", "deadlocks",
)  # fmt: skip
# our own first, then the oldest: an order that stays, so that no counter comes and goes
DATABASES = text(
    f"""
    SELECT datid::text, datname, numbackends, {", ".join(COUNTED)}
    FROM pg_stat_database JOIN pg_database d USING (datname) WHERE NOT d.datistemplate
    ORDER BY datname = current_database() DESC, datid LIMIT :databases
    """  # noqa: S608  (the columns are named above)
)


@dataclass(frozen=True)
class DatabaseCounts:
    """One database: its open connections, and what it has counted since its statistics began."""

    oid: str
    name: str
    connections: float
    counts: Mapping[str, float]


def read_databases(connection: Connection, databases: int) -> tuple[DatabaseCounts, ...]:
    """The counts of `databases` databases at most, our own first."""
    rows = connection.execute(DATABASES, {"databases": databases}).all()
    return tuple(
        DatabaseCounts(oid, name, float(open_now), dict(zip(COUNTED, map(float, counts), strict=True)))
        for oid, name, open_now, *counts in rows
    )
