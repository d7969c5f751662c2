"""Rows and bytes of tables and databases: from PostgreSQL's statistics, or counted in a SQLite file."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import OperationalError

from exporter.sources.database.errors import error_code
from exporter.sources.database.schema import current_role

COUNTS = (
    "n_live_tup", "n_dead_tup", "seq_scan", "idx_scan", "seq_tup_read", "idx_tup_fetch", "n_tup_ins",
    "n_tup_upd", "n_tup_del", "n_tup_hot_upd", "n_mod_since_analyze", "vacuum_count", "autovacuum_count",
    "analyze_count", "autoanalyze_count",
)  # fmt: skip
TIMES = ("last_vacuum", "last_autovacuum", "last_analyze", "last_autoanalyze")
BLOCKS = tuple(f"{kind}_blks_{how}" for kind in ("heap", "idx", "toast", "tidx") for how in ("read", "hit"))
STATISTICS = ", ".join(
    (
        *(f"coalesce({name}, 0) AS {name}" for name in (*COUNTS, *BLOCKS)),
        *(f"coalesce(extract(epoch FROM {name}), 0) AS {name}" for name in TIMES),
    )
)
# the biggest by the planner's pages; pg_table_size would wait for a table that is being rewritten
POSTGRES_TABLES = text(
    f"""
    WITH biggest AS (
        SELECT s.*, c.reltuples FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
        WHERE NOT EXISTS (SELECT 1 FROM pg_locks l WHERE l.relation = s.relid
                          AND l.mode = 'AccessExclusiveLock' AND l.granted)
        ORDER BY c.relpages DESC, greatest(s.n_live_tup, c.reltuples) DESC, s.relid LIMIT :tables
    )
    SELECT b.schemaname, b.relname, reltuples, b.schemaname = ANY(current_schemas(false)) AS plain,
           pg_table_size(relid) AS table_size_bytes, pg_indexes_size(relid) AS index_size_bytes,
           (SELECT count(*) FROM pg_stat_user_tables) AS present, {STATISTICS}
    FROM biggest b JOIN pg_statio_user_tables USING (relid)
    """  # noqa: S608  (the columns are named above)
)
DATABASE_SIZES = text(
    """
    SELECT datname, datname = current_database(),
           CASE WHEN has_database_privilege(oid, 'CONNECT')
                  OR pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
                THEN pg_database_size(oid) END
    FROM pg_database WHERE NOT datistemplate
    ORDER BY datname = current_database() DESC, oid LIMIT :databases
    """
)
SQLITE_TABLE_NAMES = text(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name"
)
SQLITE_TABLE_SIZES = text(
    """
    SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name
    WHERE s.aggregate = TRUE GROUP BY m.tbl_name
    """
)


@dataclass(frozen=True)
class TableStatistics:
    """PostgreSQL's own statistics of one table, by column; times are Unix seconds, 0 for never."""

    schema: str
    table: str
    values: Mapping[str, float]


@dataclass(frozen=True)
class TableSizes:
    """Rows and bytes by table, bytes of the database and of each on its server; unknown ones are absent.

    On PostgreSQL rows are the server's estimate, on SQLite they are counted. The size of a database is None
    if our `role` lacks the right to read it.
    """

    rows: Mapping[str, float]
    sizes: Mapping[str, float]
    size: float | None
    database: str = ""  # its name on the server
    database_sizes: Mapping[str, float | None] = field(default_factory=dict)
    statistics: tuple[TableStatistics, ...] = ()
    role: str = ""
    unlisted: float | None = None  # tables beyond the limit, or that are being rewritten


def read_postgres_tables(connection: Connection, tables: int, databases: int) -> TableSizes:
    """The `tables` biggest tables and the sizes of `databases` databases, the watched one first."""
    rows: dict[str, float] = {}
    sizes: dict[str, float] = {}
    statistics: list[TableStatistics] = []
    present = 0
    for row in connection.execute(POSTGRES_TABLES, {"tables": tables}):
        name = row.relname if row.plain else f"{row.schemaname}.{row.relname}"
        # n_live_tup is 0 after a crash, reltuples is -1 before the first ANALYZE
        rows[name] = float(row.n_live_tup or max(row.reltuples, 0.0))
        sizes[name] = float(row.table_size_bytes + row.index_size_bytes)
        statistics.append(table_statistics(row))
        present = row.present
    found = connection.execute(DATABASE_SIZES, {"databases": databases}).all()
    own, own_size = next(((name, size) for name, mine, size in found if mine), ("", None))
    return TableSizes(
        rows,
        sizes,
        None if own_size is None else float(own_size),
        own,
        {name: None if size is None else float(size) for name, _, size in found},
        tuple(statistics),
        current_role(connection),
        float(present - len(statistics)),
    )


def table_statistics(row: Row[Any]) -> TableStatistics:
    """One row of the statistics."""
    columns = (*COUNTS, *TIMES, *BLOCKS, "table_size_bytes", "index_size_bytes")
    values = row._mapping
    return TableStatistics(row.schemaname, row.relname, {name: float(values[name]) for name in columns})


def read_sqlite_tables(connection: Connection, path: Path, tables: int) -> TableSizes:
    """Rows and bytes of `tables` tables, without rows that take too long to count."""
    names = [str(name) for name in connection.execute(SQLITE_TABLE_NAMES).scalars()][:tables]
    counts = {name: count for name in names if (count := count_rows(connection, name)) is not None}
    sizes = table_sizes(connection, names)
    return TableSizes(counts, sizes, file_size(path))


def count_rows(connection: Connection, table: str) -> float | None:
    """The rows of the table, None if counting takes too long."""
    name = table.replace('"', '""').replace(":", "\\:")
    count = text(f'SELECT count(*) FROM "{name}"')  # noqa: S608  (quoted)
    with interrupt_after_timeout(connection):
        rows = fetch_in_time(connection, count)
    return float(rows[0][0]) if rows else None


def table_sizes(connection: Connection, names: Iterable[str]) -> dict[str, float]:
    """Bytes of each table with its indexes; empty if SQLite lacks dbstat or the scan takes too long."""
    known = set(names)
    return {
        str(name): float(size)
        for name, size in fetch_in_time(connection, SQLITE_TABLE_SIZES)
        if name in known
    }


def fetch_in_time(connection: Connection, statement: Any) -> list[Any]:
    """The rows; empty if the statement timed out or needs a table that is not built in."""
    try:
        return list(connection.execute(statement).all())
    except OperationalError as error:
        if error.orig is None or error_code(error.orig) not in ("SQLITE_INTERRUPT", "SQLITE_ERROR"):
            raise
        return []


@contextmanager
def interrupt_after_timeout(connection: Connection) -> Iterator[None]:
    """Interrupt a count(*) at its timeout: it is a single step, in which SQLite checks no clock."""
    raw: Any = connection.connection.driver_connection
    timer = Timer(connection.info["clock"]["seconds"], raw.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # so that it cannot hit the next statement


def file_size(path: Path) -> float:
    """Bytes of the file and of the log that belongs to it. Raises OSError where there is no file."""
    log = path.with_name(f"{path.name}-wal")
    return float(path.stat().st_size + (log.stat().st_size if log.exists() else 0))
