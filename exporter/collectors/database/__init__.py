"""The database: the backend's pool, our own look, tables, and PostgreSQL's own statistics."""

from exporter.collector import Collector, Part
from exporter.collectors.database import (
    activity,
    locks,
    ping,
    pool,
    reported,
    sizes,
    statements,
    statistics,
    tables,
)

DATABASE = Collector(
    "database",
    "connection pool, reachability, tables, PostgreSQL statistics",
    (
        Part("pool", pool.read_pool, pool.POOL_METRICS),
        Part("ping", ping.read_ping, ping.PING_METRICS),
        Part("reported", reported.read_reported, reported.REPORTED_METRICS),
        Part("tables", tables.read_tables, tables.TABLES_METRICS),
        Part("sizes", sizes.read_sizes, sizes.SIZES_METRICS),
        Part("activity", activity.read_activity, activity.ACTIVITY_METRICS),
        Part("statistics", statistics.read_statistics, statistics.STATISTICS_METRICS),
        Part("locks", locks.read_locks, locks.LOCKS_METRICS),
        Part("statements", statements.read_statements, statements.STATEMENTS_METRICS),
    ),
)
