"""The locks that PostgreSQL has given and those that are waited for."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from exporter.sources.database.postgres import APPLICATION_NAME

LOCK_MODES = (
    "accesssharelock", "rowsharelock", "rowexclusivelock", "shareupdateexclusivelock", "sharelock",
    "sharerowexclusivelock", "exclusivelock", "accessexclusivelock", "sireadlock",
)  # fmt: skip
LOCKS = text(
    """
    SELECT coalesce(d.datname, ''), lower(l.mode), count(*), count(*) FILTER (WHERE NOT l.granted),
           coalesce(bool_or(d.datname = current_database()), false)
    FROM pg_locks l LEFT JOIN pg_database d ON d.oid = l.database
    WHERE l.database IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM pg_stat_activity a WHERE a.pid = l.pid AND a.application_name = :own)
    GROUP BY 1, 2 ORDER BY 5 DESC, 3 DESC LIMIT 200
    """
)


@dataclass(frozen=True)
class LockCounts:
    """Locks by (database, mode) without our own, and how many are waited for by database."""

    counts: Mapping[tuple[str, str], float]
    waiting: Mapping[str, float]


def read_locks(connection: Connection) -> LockCounts:
    """The locks of all databases; for our own database every mode is there, also with none."""
    own = str(connection.execute(text("SELECT current_database()")).scalar_one())
    counts: dict[tuple[str, str], float] = {(own, mode): 0.0 for mode in LOCK_MODES}
    waiting: dict[str, float] = {own: 0.0}
    for database, mode, count, waits, _ in connection.execute(LOCKS, {"own": APPLICATION_NAME}):
        counts[database, mode] = float(count)
        waiting[database] = waiting.get(database, 0.0) + float(waits)
    return LockCounts(counts, waiting)
