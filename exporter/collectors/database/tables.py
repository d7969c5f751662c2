"""How many rows the tables have and how many bytes they take."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge, Untyped
from exporter.sources import Sources
from exporter.sources.database.tables import TableSizes, TableStatistics

TABLE_ROWS = Gauge(
    "ops_database_table_rows",
    "Rows of the table: counted on SQLite, on PostgreSQL the server's own estimate.",
    ("table",),
)
TABLE_SIZE = Gauge("ops_database_table_size_bytes", "Bytes of the table with its indexes.", ("table",))
SIZE = Gauge("ops_database_size_bytes", "Bytes of the whole database.")
TABLE_LABELS = ("datname", "schemaname", "relname")
LIVE_ROWS = Gauge("pg_stat_user_tables_n_live_tup", "Estimated number of live rows.", TABLE_LABELS)
DEAD_ROWS = Gauge("pg_stat_user_tables_n_dead_tup", "Estimated number of dead rows.", TABLE_LABELS)
SEQUENTIAL_SCANS = Untyped(
    "pg_stat_user_tables_seq_scan", "Sequential scans of the table (counter).", TABLE_LABELS
)
INDEX_SCANS = Untyped("pg_stat_user_tables_idx_scan", "Index scans of the table (counter).", TABLE_LABELS)
LAST_AUTOVACUUM = Gauge(
    "pg_stat_user_tables_last_autovacuum",
    "Unix time at which autovacuum last cleaned the table.",
    TABLE_LABELS,
)
TABLES_METRICS = (
    TABLE_ROWS,
    TABLE_SIZE,
    SIZE,
    LIVE_ROWS,
    DEAD_ROWS,
    SEQUENTIAL_SCANS,
    INDEX_SCANS,
    LAST_AUTOVACUUM,
)


async def read_tables(sources: Sources) -> Iterable[Metric]:
    """The sizes as they were found in the background."""
    tables = await sources.database.tables.answer()
    return (
        TABLE_ROWS.of(tables.rows.items()),
        TABLE_SIZE.of(tables.sizes.items()),
        SIZE.one(tables.size),
        *table_statistics(tables),
    )


def table_statistics(tables: TableSizes) -> Iterable[Metric]:
    """What PostgreSQL counts for each table."""

    def name(table: TableStatistics) -> tuple[str, str, str]:
        return tables.database, table.schema, table.table

    found = tables.statistics
    return (
        LIVE_ROWS.of((*name(t), t.live) for t in found),
        DEAD_ROWS.of((*name(t), t.dead) for t in found),
        SEQUENTIAL_SCANS.of((*name(t), t.sequential_scans) for t in found),
        INDEX_SCANS.of((*name(t), t.index_scans) for t in found),
        LAST_AUTOVACUUM.of((*name(t), t.last_autovacuum) for t in found),
    )
