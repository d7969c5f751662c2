"""Who is connected to the PostgreSQL server and what they do."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from exporter.sources.database.postgres import APPLICATION
from exporter.sources.database.postgres_rights import demand_statistics

# client backends only: walsenders and background workers hold transactions that mean nothing here
SESSIONS = text(
    """
    SELECT coalesce(datname, ''), coalesce(state, 'unknown'), coalesce(usename, ''),
           coalesce(application_name, ''), coalesce(wait_event_type, ''), count(*),
           max(extract(epoch FROM clock_timestamp() - xact_start))
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> :own
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 6 DESC, 1, 2, 3, 4, 5 LIMIT 500
    """
)
LONG = text(
    """
    SELECT count(*), coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND application_name <> :own
      AND xact_start < clock_timestamp() - make_interval(secs => :seconds)
    """
)
LIMITS = text(
    """
    SELECT current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int,
           current_database(), (SELECT count(*) FROM pg_stat_activity WHERE application_name = :own)
    """
)


@dataclass(frozen=True)
class Sessions:
    """Client sessions that are alike: how many, and the age in seconds of their oldest transaction."""

    database: str
    state: str
    user: str
    application: str
    wait: str
    count: float
    oldest: float | None


@dataclass(frozen=True)
class Activity:
    """Sessions, what the server allows, and transactions that last longer than the settings say."""

    database: str
    sessions: tuple[Sessions, ...]
    most_connections: float
    reserved_connections: float
    long_transactions: float
    oldest_long_transaction: float  # seconds, 0 without a long one
    own_connections: float  # which are not among the sessions


def read_activity(connection: Connection, long_transaction: float) -> Activity:
    """The sessions of all other clients; a transaction is long from `long_transaction` seconds on.

    Raises Refused where sessions of other roles are hidden from ours.
    """
    demand_statistics(connection, "sessions")
    sessions = connection.execute(SESSIONS, {"own": APPLICATION}).all()
    count, oldest = connection.execute(LONG, {"own": APPLICATION, "seconds": long_transaction}).one()
    most, reserved, database, ours = connection.execute(LIMITS, {"own": APPLICATION}).one()
    return Activity(
        database,
        tuple(sessions_of(row) for row in sessions),
        most,
        reserved,
        count,
        float(oldest),
        float(ours),
    )


def sessions_of(row: Any) -> Sessions:
    """One row of the sessions."""
    database, state, user, application, wait, count, oldest = row
    return Sessions(database, state, user, application, wait, count, age(oldest))


def age(seconds: object) -> float | None:
    """Seconds from the server; a transaction that began while we looked has the age 0."""
    return None if seconds is None else max(float(str(seconds)), 0.0)
