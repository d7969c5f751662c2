"""How big the tables and the database are."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TableStatistics:
    """PostgreSQL's own statistics of one table; times are Unix seconds, None for never."""

    schema: str
    table: str
    live: float
    dead: float
    sequential_scans: float
    index_scans: float | None
    last_autovacuum: float | None


@dataclass(frozen=True)
class TableSizes:
    """Rows and bytes by table, bytes of the database and of each on its server; unknown ones are absent.

    On PostgreSQL rows are the server's estimate, on SQLite they are counted. The size of a database that is
    hidden from our `role` is None.
    """

    rows: Mapping[str, float]
    sizes: Mapping[str, float]
    size: float | None
    database: str = ""  # its name on the server
    database_sizes: Mapping[str, float | None] = field(default_factory=dict)
    statistics: tuple[TableStatistics, ...] = ()
    role: str = ""
