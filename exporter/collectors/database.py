"""The database: the backend's connection pool, our own ping, the backend's report, tables and sizes."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from prometheus_client import Metric

from exporter.cardinality import sanitize_label
from exporter.collector import Collector, Part
from exporter.collectors import database_statistics
from exporter.errors import RequestFailed, ScrapeDeadlineExceeded, SourceError
from exporter.metrics import Gauge, Info, PlainCounter, StateGauge
from exporter.sources import Sources
from exporter.sources.database.ping import PingResult
from exporter.sources.database.source import DatabaseSource
from exporter.sources.database.tables import TableSizes
from exporter.sources.json_object import JsonObject

POOL_CAPACITY = Gauge(
    "ops_database_pool_capacity_connections", "Maximum number of connections of the backend's pool."
)
POOL_CHECKED_OUT = Gauge(
    "ops_database_pool_checked_out_connections", "Connections of the pool that are checked out."
)
POOL_IDLE = Gauge("ops_database_pool_idle_connections", "Idle connections of the pool.")
POOL_OVERFLOW = Gauge("ops_database_pool_overflow_connections", "Connections opened beyond the pool's size.")
POOL_USE_RATIO = Gauge("ops_database_pool_use_ratio", "Connections checked out, as a share of the capacity.")
POOL_SUSTAINED_RATIO = Gauge(
    "ops_database_pool_sustained_use_ratio",
    "Connections checked out, as a share of the capacity: the smaller of the last two polls, 0 before the"
    " second.",
)
POOL_METRICS = (
    POOL_CAPACITY, POOL_CHECKED_OUT, POOL_IDLE, POOL_OVERFLOW, POOL_USE_RATIO, POOL_SUSTAINED_RATIO,
)  # fmt: skip


async def read_pool(sources: Sources) -> Iterable[Metric]:
    """The pool as the backend counts it. The ratio is ours: the backend's own is known to be wrong."""
    with suppress(SourceError):
        # requests in flight there have the pool polled at once, so that this scrape shows it already
        await sources.backend.totals.get()
    pool = await sources.backend.pool.get()
    return (
        POOL_CAPACITY.single(pool.capacity),
        POOL_CHECKED_OUT.single(pool.checked_out),
        POOL_IDLE.single(pool.idle),
        POOL_OVERFLOW.single(pool.overflow),
        POOL_USE_RATIO.single(pool.ratio),
        POOL_SUSTAINED_RATIO.single(pool.sustained_ratio),
    )


UP = Gauge("ops_database_up", "Whether the database responded to our own ping.")
PG_UP = Gauge("pg_up", "Whether the PostgreSQL server responded to our own SELECT 1.")
PING = Gauge("ops_database_ping_seconds", "Duration of our own ping.")
INFO = Info("ops_database_info", "SQLAlchemy's dialect of the database.", ("dialect",))
PING_METRICS = (UP, PG_UP, PING, INFO)
STANDING_RESULT_WAIT = 0.1  # seconds that a scrape waits for a ping while the last result is still valid


async def read_ping(sources: Sources) -> Iterable[Metric]:
    """1 or 0, from our own ping only."""
    database = sources.database
    ping = await ping_result(database)
    return list(ping_families(database.dialect or "", ping is not None, ping.seconds if ping else None))


async def ping_result(database: DatabaseSource) -> PingResult | None:
    """The result of our ping, None if it failed. The last result holds while a silence is being verified."""
    standing = database.last_ping()
    try:
        async with asyncio.timeout(None if standing is None else STANDING_RESULT_WAIT):
            works = await database.ping.is_responding()
    except (TimeoutError, ScrapeDeadlineExceeded):
        if standing is None and database.ping.error is None:
            raise
        return standing
    return await database.ping.get() if works else None


def ping_families(dialect: str, works: bool, seconds: float | None) -> Iterator[Metric]:
    """The families, whether the database responds or not."""
    yield INFO.info(dialect)
    yield UP.single(float(works))
    yield PING.single(seconds)
    if dialect == "postgresql":
        yield PG_UP.single(float(works))


REPORTED_STATUS = StateGauge(
    "ops_database_reported_status",
    "Status of the database as the backend reports it, which may be wrong.",
    ("status",),
)
REPORTED_WARNINGS = Gauge(
    "ops_database_reported_warnings", "Warnings in the backend's own report on its database."
)
REPORTED_METRICS = (REPORTED_STATUS, REPORTED_WARNINGS)
DOWN_WORDS = ("unhealthy", "error", "down")
DEGRADED_WORDS = ("degraded", "warning")


async def read_reported(sources: Sources) -> Iterable[Metric]:
    """The backend's report, unverified."""
    report = await sources.backend.database.get()
    warnings = report.at("warnings")
    return (
        REPORTED_STATUS.state_family([(reported_database_status(report),)]),
        REPORTED_WARNINGS.single(float(len(warnings)) if isinstance(warnings, list) else None),
    )


def reported_database_status(report: JsonObject) -> str:
    """The status that the report means; unknown where it states none."""
    healthy, word = report.boolean("database", "healthy"), report.text("status")
    if healthy is False or word in DOWN_WORDS:
        return "down"
    if healthy is None:
        return "unknown"
    return "degraded" if report.at("warnings") or word in DEGRADED_WORDS else "healthy"


TABLE_ROWS = Gauge(
    "ops_database_table_rows",
    "Rows of the table: counted on SQLite, estimated by the server on PostgreSQL.",
    ("table",),
)
TABLE_SIZE = Gauge("ops_database_table_size_bytes", "Size of the table with its indexes.", ("table",))
SIZE = Gauge("ops_database_size_bytes", "Size of the whole database.")
TABLE_LABELS = ("datname", "schemaname", "relname")
LIVE_ROWS = Gauge("pg_stat_user_tables_n_live_tup", "Estimated number of live rows.", TABLE_LABELS)
DEAD_ROWS = Gauge("pg_stat_user_tables_n_dead_tup", "Estimated number of dead rows.", TABLE_LABELS)
SEQUENTIAL_SCANS = PlainCounter(
    "pg_stat_user_tables_seq_scan", "Sequential scans of the table.", TABLE_LABELS
)
INDEX_SCANS = PlainCounter("pg_stat_user_tables_idx_scan", "Index scans of the table.", TABLE_LABELS)
LAST_AUTOVACUUM = Gauge(
    "pg_stat_user_tables_last_autovacuum",
    "Unix time of the last autovacuum of the table, 0 for never.",
    TABLE_LABELS,
)
STATISTICS = {
    "n_live_tup": LIVE_ROWS,
    "n_dead_tup": DEAD_ROWS,
    "seq_scan": SEQUENTIAL_SCANS,
    "idx_scan": INDEX_SCANS,
    "last_autovacuum": LAST_AUTOVACUUM,
}
TABLES_METRICS = (TABLE_ROWS, TABLE_SIZE, SIZE, *STATISTICS.values())


async def read_tables(sources: Sources) -> Iterable[Metric]:
    """The sizes of the last background poll."""
    tables = await sources.database.tables.get()
    return (
        TABLE_ROWS.family(tables.rows.items()),
        TABLE_SIZE.family(tables.sizes.items()),
        SIZE.single(tables.size),
        *table_statistics(tables, STATISTICS),
    )


def table_statistics(tables: TableSizes, metrics: Mapping[str, Gauge]) -> Iterator[Metric]:
    """These statistics of each table, by their columns."""
    for column, metric in metrics.items():
        yield metric.family(
            (tables.database, it.schema, it.table, it.values[column]) for it in tables.statistics
        )


DATABASE_SIZE = Gauge("pg_database_size_bytes", "Size of each database of the server.", ("datname",))
SIZES_METRICS = (DATABASE_SIZE,)


async def read_sizes(sources: Sources) -> Iterable[Metric]:
    """The sizes of the last background poll. Raises RequestFailed if some are hidden."""
    tables = await sources.database.tables.get()
    hidden = [name for name, size in tables.database_sizes.items() if size is None]
    if hidden:
        raise RequestFailed(
            f"database hides the size of {len(hidden)} databases, {sanitize_label(hidden[0])} among them; "
            f"GRANT pg_monitor TO {tables.role}, or CONNECT on each of them"
        )
    return (DATABASE_SIZE.family(tables.database_sizes.items()),)


DATABASE = Collector(
    "database",
    "connection pool, reachability, tables, PostgreSQL statistics",
    (
        Part("pool", read_pool, POOL_METRICS),
        Part("ping", read_ping, PING_METRICS),
        Part("reported", read_reported, REPORTED_METRICS),
        Part("tables", read_tables, TABLES_METRICS),
        Part("sizes", read_sizes, SIZES_METRICS),
        Part("activity", database_statistics.read_activity, database_statistics.ACTIVITY_METRICS),
        Part("statistics", database_statistics.read_statistics, database_statistics.STATISTICS_METRICS),
        Part("locks", database_statistics.read_locks, database_statistics.LOCKS_METRICS),
        Part("statements", database_statistics.read_statements, database_statistics.STATEMENTS_METRICS),
    ),
)
