"""Sessions, transactions and locks of the PostgreSQL server."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from exporter.sources.database.drivers import APPLICATION_NAME
from exporter.sources.database.schema import require_statistics_role

# client backends only: transactions of walsenders and background workers do not matter here
SESSIONS = text(
    """
    SELECT coalesce(datname, ''), coalesce(state, 'unknown'), coalesce(usename, ''),
           coalesce(application_name, ''), backend_type, coalesce(wait_event_type, ''),
           coalesce(wait_event, ''), count(*), max(extract(epoch FROM clock_timestamp() - xact_start))
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> :own
    GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 8 DESC, 1, 2, 3, 4, 5, 6, 7 LIMIT 500
    """
)
LONG_TRANSACTIONS = text(
    """
    SELECT count(*), coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND application_name <> :own
      AND xact_start < clock_timestamp() - make_interval(secs => :seconds)
    """
)
CONNECTION_LIMITS = text(
    """
    SELECT current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int,
           current_database(), (SELECT count(*) FROM pg_stat_activity WHERE application_name = :own)
    """
)
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
class SessionGroup:
    """Client sessions with equal labels: their count, and the age in seconds of their oldest transaction."""

    database: str
    state: str
    user: str
    application: str
    backend: str
    wait: str
    event: str
    count: float
    oldest_transaction: float | None


@dataclass(frozen=True)
class Activity:
    """Sessions, the server's connection limits, and long transactions."""

    database: str
    sessions: tuple[SessionGroup, ...]
    max_connections: float
    reserved_connections: float
    long_transactions: float
    oldest_long_transaction: float  # seconds, 0 without a long one
    own_connections: float  # not among the sessions


def read_activity(connection: Connection, long_transaction: float) -> Activity:
    """The sessions of all other clients; a transaction is long from `long_transaction` seconds on.

    Raises RequestFailed where sessions of other roles are hidden from ours.
    """
    require_statistics_role(connection, "sessions")
    sessions = connection.execute(SESSIONS, {"own": APPLICATION_NAME}).all()
    count, oldest = connection.execute(
        LONG_TRANSACTIONS, {"own": APPLICATION_NAME, "seconds": long_transaction}
    ).one()
    most, reserved, database, ours = connection.execute(CONNECTION_LIMITS, {"own": APPLICATION_NAME}).one()
    return Activity(
        database,
        tuple(session_group(row) for row in sessions),
        most,
        reserved,
        count,
        float(oldest),
        float(ours),
    )


def session_group(row: Any) -> SessionGroup:
    """One row of the sessions."""
    database, state, user, application, backend, wait, event, count, oldest = row
    age = transaction_age(oldest)
    return SessionGroup(database, state, user, application, backend, wait, event, count, age)


def transaction_age(seconds: object) -> float | None:
    """Seconds from the server; a transaction that began during the read has the age 0."""
    return None if seconds is None else max(float(str(seconds)), 0.0)


@dataclass(frozen=True)
class LockCounts:
    """Locks by (database, mode) without our own, and lock requests that wait by database."""

    counts: Mapping[tuple[str, str], float]
    waiting: Mapping[str, float]


def read_locks(connection: Connection) -> LockCounts:
    """The locks of all databases; the watched database has every mode, also at 0."""
    own = str(connection.execute(text("SELECT current_database()")).scalar_one())
    counts: dict[tuple[str, str], float] = {(own, mode): 0.0 for mode in LOCK_MODES}
    waiting: dict[str, float] = {own: 0.0}
    for database, mode, count, waits, _ in connection.execute(LOCKS, {"own": APPLICATION_NAME}):
        counts[database, mode] = float(count)
        waiting[database] = waiting.get(database, 0.0) + float(waits)
    return LockCounts(counts, waiting)
