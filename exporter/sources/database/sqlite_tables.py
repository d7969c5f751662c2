"""Tables of a SQLite file: counted, for it keeps no statistics, each count bounded in time."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from exporter.sources.database.errors import error_code
from exporter.sources.database.tables import TableSizes

NAMES = text("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name")
SIZES = text(
    """
    SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name
    WHERE s.aggregate = TRUE GROUP BY m.tbl_name
    """
)


def read_sqlite_tables(connection: Connection, path: Path, tables: int) -> TableSizes:
    """Rows and bytes of `tables` tables; one that takes too long to count is left out."""
    names = [str(name) for name in connection.execute(NAMES).scalars()][:tables]
    counts = {name: count for name in names if (count := count_rows(connection, name)) is not None}
    sizes = table_sizes(connection, names)
    return TableSizes(counts, sizes, file_size(path))


def count_rows(connection: Connection, table: str) -> float | None:
    """How many rows the table has, None when that takes too long to count."""
    name = table.replace('"', '""').replace(":", "\\:")
    count = text(f'SELECT count(*) FROM "{name}"')  # noqa: S608  (quoted)
    with interrupt_after_timeout(connection):
        rows = fetch_in_time(connection, count)
    return float(rows[0][0]) if rows else None


def table_sizes(connection: Connection, names: Iterable[str]) -> dict[str, float]:
    """Bytes of each table with its indexes; none where SQLite has no dbstat, or the file is big."""
    known = set(names)
    return {str(name): float(size) for name, size in fetch_in_time(connection, SIZES) if name in known}


def fetch_in_time(connection: Connection, statement: Any) -> list[Any]:
    """The rows, none where the statement was cut off by its time or the table it needs is not built in."""
    try:
        return list(connection.execute(statement).all())
    except OperationalError as error:
        if error.orig is None or error_code(error.orig) not in ("SQLITE_INTERRUPT", "SQLITE_ERROR"):
            raise
        return []


@contextmanager
def interrupt_after_timeout(connection: Connection) -> Iterator[None]:
    """End a count(*) when its time is up: for SQLite it is one step, in which no clock is looked at."""
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
