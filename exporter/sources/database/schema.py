"""Which tables and columns of the contract exist and may be read, and what rights our role has."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from exporter.cardinality import sanitize_label
from exporter.errors import RequestFailed
from exporter.sources.database.errors import HiddenFromRole

CURRENT_ROLE = text("SELECT quote_ident(current_user)")
CAN_READ_ALL_STATS = text("SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')")
CONTRACT_TABLES = (
    "users", "user_profiles", "user_interactions", "resources", "annotations", "collections",
    "recommendation_feedback", "model_versions",
)  # fmt: skip
POSTGRESQL_COLUMNS = text(
    """
    SELECT c.relname, a.attname, format_type(a.atttypid, NULL),
           has_column_privilege(c.oid, a.attnum, 'SELECT'),
           row_security_active(c.oid)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(c.oid)
      AND c.relname = ANY(:tables) AND a.attnum > 0 AND NOT a.attisdropped
    """
)
# in schemas without USAGE, or outside of the search_path
UNREACHABLE_TABLES = text(
    """
    SELECT c.relname, quote_ident(n.nspname), has_schema_privilege(n.oid, 'USAGE')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = ANY(:tables)
      AND NOT pg_table_is_visible(c.oid) AND n.nspname !~ '^(pg_|information_schema)' ORDER BY 3, 2
    """
)
SQLITE_COLUMNS = text(
    """
    SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c
    WHERE m.type IN ('table', 'view')
    """
)
ColumnTypes = Mapping[str, Mapping[str, str]]


def require_statistics_role(connection: Connection, what: str) -> None:
    """Raises HiddenFromRole where `what` of other roles is hidden from ours."""
    if not connection.execute(CAN_READ_ALL_STATS).scalar_one():
        role = current_role(connection)
        raise HiddenFromRole(
            f"database hides {what} of other roles from {role}; "
            f"GRANT pg_monitor TO {role}, or the narrower pg_read_all_stats"
        )


def current_role(connection: Connection) -> str:
    """The name of our role, quoted for SQL."""
    return sanitize_label(str(connection.execute(CURRENT_ROLE).scalar_one()))


@dataclass(frozen=True)
class Schema:
    """The columns of each existing table, with their types; `denied` are those without the right to read.

    `hidden` holds for each table that cannot be read the sentence that names the right to grant.
    """

    tables: ColumnTypes
    role: str = ""
    denied: frozenset[tuple[str, str]] = frozenset()
    hidden: Mapping[str, str] = field(default_factory=dict)

    def has(self, table: str, *columns: str) -> bool:
        """Whether the table has these columns. Raises RequestFailed where rights hide it from us."""
        if table in self.hidden:
            raise RequestFailed(self.hidden[table])
        if table not in self.tables or not set(columns) <= self.tables[table].keys():
            return False
        if any((table, column) in self.denied for column in columns):
            names = ", ".join(columns)
            raise RequestFailed(f"database hides {table}; GRANT SELECT ({names}) ON {table} TO {self.role}")
        return True


def read_schema(connection: Connection) -> Schema:
    """The tables of the contract in this database, as far as they may be read."""
    if connection.dialect.name == "sqlite":
        return Schema(columns_by_table(connection.execute(SQLITE_COLUMNS).all()))
    rows = connection.execute(POSTGRESQL_COLUMNS, {"tables": list(CONTRACT_TABLES)}).all()
    tables, role = columns_by_table([row[:3] for row in rows]), current_role(connection)
    denied = frozenset((row[0], row[1]) for row in rows if not row[3])
    hidden = {
        row[0]: f"row security hides rows of {row[0]}; ALTER ROLE {role} BYPASSRLS" for row in rows if row[4]
    }
    return Schema(tables, role, denied, hidden | find_unreachable(connection, tables, role))


def columns_by_table(rows: object) -> dict[str, dict[str, str]]:
    """Column types by table, from rows of table, column and type."""
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:  # type: ignore[attr-defined]
        if table in CONTRACT_TABLES:
            tables.setdefault(table, {})[column] = str(kind).lower()
    return tables


def find_unreachable(connection: Connection, tables: ColumnTypes, role: str) -> dict[str, str]:
    """How to make tables readable that exist elsewhere.

    A usable schema belongs to somebody else if any table of the contract is found on the search_path.
    """
    missing = [name for name in CONTRACT_TABLES if name not in tables]
    hidden: dict[str, str] = {}
    if not missing:
        return hidden
    for table, schema, usable in connection.execute(UNREACHABLE_TABLES, {"tables": missing}):
        if not usable:
            hidden.setdefault(table, f"database hides {table}; GRANT USAGE ON SCHEMA {schema} TO {role}")
        elif not tables:
            hidden.setdefault(
                table, f"database has {table} in {schema}; ALTER ROLE {role} SET search_path = {schema}"
            )
    return hidden
