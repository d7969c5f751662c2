"""The statements on which PostgreSQL has spent most time, where pg_stat_statements is installed."""

from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from exporter.sources.database.errors import code_of

NOT_LOADED = "55000"  # created in the database, but the server was started without its library
WHERE_INSTALLED = text(
    """
    SELECT quote_ident(n.nspname), string_to_array(e.extversion, '.')::int[] >= '{1,8}'
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_stat_statements'
    """
)
# without the texts: reading those costs the server the whole file in which it keeps them
STATEMENTS = """
    SELECT coalesce(pg_get_userbyid(s.userid), ''), current_database(), s.queryid::text,
           sum(s.calls), sum(s.{time}) / 1000, sum(s.rows)
    FROM {schema}.pg_stat_statements(false) s
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND s.queryid IS NOT NULL
    GROUP BY 1, 2, 3 ORDER BY 5 DESC, 3 LIMIT :statements
"""


@dataclass(frozen=True)
class Statement:
    """One statement: calls, seconds and rows since the statistics began."""

    user: str
    database: str
    query: str
    calls: float
    seconds: float
    rows: float


def read_statements(connection: Connection, statements: int) -> tuple[Statement, ...]:
    """The `statements` statements of our own database that took most time; none without the extension."""
    installed = connection.execute(WHERE_INSTALLED).first()
    if installed is None or statements == 0:
        return ()
    schema, modern = installed
    query = STATEMENTS.format(schema=schema, time="total_exec_time" if modern else "total_time")
    try:
        rows = connection.execute(text(query), {"statements": statements}).all()
    except DBAPIError as error:
        if error.orig is not None and code_of(error.orig) == NOT_LOADED:
            return ()
        raise
    return tuple(Statement(*row[:3], *map(float, row[3:])) for row in rows)
