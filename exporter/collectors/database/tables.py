"""How many rows the tables have and how many bytes they take."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge, Untyped
from exporter.sources import Sources
from exporter.sources.database.tables import TableSizes, TableStatistics

ROWS = Gauge(
    "ops_database_table_rows",
    "Rows of the table: counted on SQLite, on PostgreSQL the server's own estimate.",
    ("table",),
)
TABLE_SIZE = Gauge("ops_database_table_size_bytes", "Bytes of the table with its indexes.", ("table",))
SIZE = Gauge("ops_database_size_bytes", "Bytes of the whole database.")
OF_TABLE = ("datname", "schemaname", "relname")
LIVE = Gauge("pg_stat_user_tables_n_live_tup", "Estimated number of live rows.", OF_TABLE)
DEAD = Gauge("pg_stat_user_tables_n_dead_tup", "Estimated number of dead rows.", OF_TABLE)
SEQUENTIAL = Untyped("pg_stat_user_tables_seq_scan", "Sequential scans of the table (counter).", OF_TABLE)
INDEXED = Untyped("pg_stat_user_tables_idx_scan", "Index scans of the table (counter).", OF_TABLE)
AUTOVACUUM = Gauge(
    "pg_stat_user_tables_last_autovacuum", "Unix time at which autovacuum last cleaned the table.", OF_TABLE
)
METRICS = (ROWS, TABLE_SIZE, SIZE, LIVE, DEAD, SEQUENTIAL, INDEXED, AUTOVACUUM)


async def read(sources: Sources) -> Iterable[Metric]:
    """The sizes as they were found in the background."""
    tables = await sources.database.tables.answer()
    return (
        ROWS.of(tables.rows.items()),
        TABLE_SIZE.of(tables.sizes.items()),
        SIZE.one(tables.size),
        *statistics(tables),
    )


def statistics(tables: TableSizes) -> Iterable[Metric]:
    """What PostgreSQL counts for each table."""

    def name(table: TableStatistics) -> tuple[str, str, str]:
        return tables.database, table.schema, table.table

    found = tables.statistics
    return (
        LIVE.of((*name(t), t.live) for t in found),
        DEAD.of((*name(t), t.dead) for t in found),
        SEQUENTIAL.of((*name(t), t.sequential_scans) for t in found),
        INDEXED.of((*name(t), t.index_scans) for t in found),
        AUTOVACUUM.of((*name(t), t.last_autovacuum) for t in found),
    )
