"""The database: the backend's pool, our own look, tables, and PostgreSQL's own statistics."""

from exporter.collector import Collector, Part
from exporter.collectors import (
    database_activity,
    database_locks,
    database_ping,
    database_pool,
    database_reported,
    database_statements,
    database_statistics,
    database_tables,
)

DATABASE = Collector(
    "database",
    "connection pool, reachability, tables, PostgreSQL statistics",
    (
        Part("pool", database_pool.read, database_pool.METRICS),
        Part("ping", database_ping.read, database_ping.METRICS),
        Part("reported", database_reported.read, database_reported.METRICS),
        Part("tables", database_tables.read, database_tables.METRICS),
        Part("activity", database_activity.read, database_activity.METRICS),
        Part("statistics", database_statistics.read, database_statistics.METRICS),
        Part("locks", database_locks.read, database_locks.METRICS),
        Part("statements", database_statements.read, database_statements.METRICS),
    ),
)
