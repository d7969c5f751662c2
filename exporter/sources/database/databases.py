"""What PostgreSQL counts for each database of the server, without the exporter's own share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from exporter.sources.database.others import OtherClientsCounter
from exporter.sources.database.postgres import APPLICATION_NAME
from exporter.sources.database.postgres_connection import TransactionCounts

COUNTERS = (
    "xact_commit", "xact_rollback", "blks_read", "blks_hit", "tup_returned", "tup_fetched", "tup_inserted",
    "tup_updated", "tup_deleted", "conflicts", "temp_files", "temp_bytes", "deadlocks",
)  # fmt: skip
# our own first, then the oldest: an order that stays, so that no counter comes and goes
DATABASES = text(
    f"""
    SELECT datid::text, datname,
           numbackends - (SELECT count(*) FROM pg_stat_activity a
                          WHERE a.datid = s.datid AND a.application_name = :own),
           datname = current_database(), coalesce(extract(epoch FROM stats_reset), 0), {", ".join(COUNTERS)}
    FROM pg_stat_database s JOIN pg_database d USING (datname) WHERE NOT d.datistemplate
    ORDER BY datname = current_database() DESC, datid LIMIT :databases
    """  # noqa: S608  (the columns are named above)
)


@dataclass(frozen=True)
class DatabaseCounts:
    """One database: open connections that are not ours, and what it has counted.

    Transactions of the database that we read are those of others, since we began to read.
    """

    oid: str
    name: str
    connections: float
    counts: Mapping[str, float]


class DatabaseCountsReader:
    """Reads the counts of `databases` databases at most; `own` tells our own transactions so far."""

    def __init__(self, databases: int, own: Callable[[], TransactionCounts]) -> None:
        self._databases = databases
        self._own = own
        self._commits, self._rollbacks = OtherClientsCounter(), OtherClientsCounter()

    def read(self, connection: Connection) -> tuple[DatabaseCounts, ...]:
        """The counts, those of the database that we read first."""
        own = self._own()  # before the server's, which may then hold a transaction more, never one less
        rows = connection.execute(DATABASES, {"own": APPLICATION_NAME, "databases": self._databases}).all()
        found = []
        for oid, name, open_now, is_ours, reset, *values in rows:
            counts = dict(zip(COUNTERS, map(float, values), strict=True))
            if is_ours:
                counts["xact_commit"] = self._commits.update(counts["xact_commit"], own.commits, float(reset))
                counts["xact_rollback"] = self._rollbacks.update(
                    counts["xact_rollback"], own.rollbacks, float(reset)
                )
            found.append(DatabaseCounts(oid, name, max(float(open_now), 0.0), counts))
        return tuple(found)
