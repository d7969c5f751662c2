"""Tables of a PostgreSQL database, from its statistics; nothing is counted."""

from typing import Any

from sqlalchemy import Connection, Row, text

from exporter.sources.database.postgres_rights import current_role
from exporter.sources.database.tables import TableSizes, TableStatistics

# the biggest by the planner's pages; a table that is being rewritten would make pg_total_relation_size wait
TABLES = text(
    """
    WITH biggest AS (
        SELECT s.*, c.reltuples FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
        WHERE NOT EXISTS (SELECT 1 FROM pg_locks l WHERE l.relation = s.relid
                          AND l.mode = 'AccessExclusiveLock' AND l.granted)
        ORDER BY c.relpages DESC, greatest(s.n_live_tup, c.reltuples) DESC, s.relid LIMIT :tables
    )
    SELECT schemaname, relname, n_live_tup, n_dead_tup, seq_scan, idx_scan, reltuples,
           extract(epoch FROM last_autovacuum) AS vacuumed, pg_total_relation_size(relid) AS size,
           schemaname = ANY(current_schemas(false)) AS plain
    FROM biggest
    """
)
SIZES = text(
    """
    SELECT datname, datname = current_database(),
           CASE WHEN has_database_privilege(oid, 'CONNECT')
                  OR pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
                THEN pg_database_size(oid) END
    FROM pg_database WHERE NOT datistemplate
    ORDER BY datname = current_database() DESC, oid LIMIT :databases
    """
)


def read_postgres_tables(connection: Connection, tables: int, databases: int) -> TableSizes:
    """The `tables` biggest tables and the sizes of `databases` databases, our own among them."""
    rows: dict[str, float] = {}
    sizes: dict[str, float] = {}
    statistics: list[TableStatistics] = []
    for row in connection.execute(TABLES, {"tables": tables}):
        name = row.relname if row.plain else f"{row.schemaname}.{row.relname}"
        # the counted rows start at 0 after a crash, the planner's estimate at -1 before the first analysis
        rows[name] = float(row.n_live_tup or max(row.reltuples, 0.0))
        sizes[name] = float(row.size)
        statistics.append(table_statistics(row))
    found = connection.execute(SIZES, {"databases": databases}).all()
    own, own_size = next(((name, size) for name, mine, size in found if mine), ("", None))
    return TableSizes(
        rows,
        sizes,
        None if own_size is None else float(own_size),
        own,
        {name: None if size is None else float(size) for name, _, size in found},
        tuple(statistics),
        current_role(connection),
    )


def table_statistics(row: Row[Any]) -> TableStatistics:
    """One row of the statistics."""
    vacuumed = None if row.vacuumed is None else float(row.vacuumed)
    return TableStatistics(
        row.schemaname, row.relname, row.n_live_tup, row.n_dead_tup, row.seq_scan, row.idx_scan, vacuumed
    )
