"""Which of the contract's tables and columns are there, since versions of the backend differ."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

READ = (
    "users", "user_profiles", "user_interactions", "resources", "annotations", "collections",
    "recommendation_feedback", "model_versions",
)  # fmt: skip

POSTGRESQL = text(
    """
    SELECT c.relname, a.attname, format_type(a.atttypid, NULL)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(c.oid)
      AND c.relname = ANY(:tables) AND a.attnum > 0 AND NOT a.attisdropped
    """
)
SQLITE = text(
    """
    SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c
    WHERE m.type IN ('table', 'view')
    """
)


@dataclass(frozen=True)
class Schema:
    """The columns of each table that is there, with their types."""

    tables: Mapping[str, Mapping[str, str]]

    def has(self, table: str, *columns: str) -> bool:
        """Whether the table is there with these columns."""
        return table in self.tables and set(columns) <= self.tables[table].keys()


def read_schema(connection: Connection) -> Schema:
    """The tables of the contract as they are in this database."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(SQLITE).all()
    else:
        rows = connection.execute(POSTGRESQL, {"tables": list(READ)}).all()
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        if table in READ:
            tables.setdefault(table, {})[column] = str(kind).lower()
    return Schema(tables)
