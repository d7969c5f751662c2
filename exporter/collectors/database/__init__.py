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
        Part("pool", pool.read, pool.METRICS),
        Part("ping", ping.read, ping.METRICS),
        Part("reported", reported.read, reported.METRICS),
        Part("tables", tables.read, tables.METRICS),
        Part("sizes", sizes.read, sizes.METRICS),
        Part("activity", activity.read, activity.METRICS),
        Part("statistics", statistics.read, statistics.METRICS),
        Part("locks", locks.read, locks.METRICS),
        Part("statements", statements.read, statements.METRICS),
    ),
)
