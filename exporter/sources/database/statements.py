"""The PostgreSQL statements with the most total time, if pg_stat_statements is installed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from exporter.errors import RequestFailed
from exporter.sources.database.errors import error_code
from exporter.sources.database.schema import require_statistics_role
from exporter.sources.database.statement_texts import read_texts

NOT_LOADED = "55000"  # the extension exists, but the server was started without its library
DENIED = "42501"
WHERE_INSTALLED = text(
    """
    SELECT quote_ident(n.nspname), string_to_array(e.extversion, '.')::int[] >= '{1,8}'
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_stat_statements'
    """
)
# without the texts, for which the server reads its whole text file
STATEMENTS = """
    SELECT coalesce(pg_get_userbyid(s.userid), ''), current_database(), s.queryid::text,
           sum(s.calls), sum(s.{time}) / 1000, sum(s.rows)
    FROM {schema}.pg_stat_statements(false) s
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND s.queryid IS NOT NULL AND s.queryid::text <> ALL(:own)
    GROUP BY 1, 2, 3 ORDER BY 5 DESC, 3 LIMIT :statements
"""
# our own statements: the server keeps the first text, with our mark
OWN_STATEMENTS = """
    SELECT DISTINCT s.queryid::text FROM {schema}.pg_stat_statements(true) s
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND s.queryid IS NOT NULL AND s.query ~* '(watchroom-exporter|savepoint watchroom|begin .*read only$)'
"""
TEXT_READ_INTERVAL = 60.0  # seconds between two reads of the texts
MAX_KNOWN_STATEMENTS = 10_000


@dataclass(frozen=True)
class Statement:
    """One statement: calls, seconds and rows since the last reset of the statistics; its text if shown."""

    user: str
    database: str
    query: str
    calls: float
    seconds: float
    rows: float
    text: str = ""


class StatementReader:
    """Reads the `statements` statements of the watched database with the most total time, without our own.

    A new statement is shown once its text has been read, of which `length` characters are shown.
    """

    def __init__(self, statements: int, length: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._statements = statements
        self._length = length
        self._texts: dict[str, str] = {}
        self._clock = clock
        self._own: set[str] = set()
        self._others: set[str] = set()
        self._texts_read_at = float("-inf")

    def read(self, connection: Connection) -> tuple[Statement, ...]:
        """The statements; none without the extension. Raises RequestFailed where others are hidden."""
        installed = connection.execute(WHERE_INSTALLED).first()
        if installed is None or self._statements == 0:
            return ()
        schema, modern = installed
        require_statistics_role(connection, "statements")
        try:
            return self._heaviest(connection, schema, "total_exec_time" if modern else "total_time")
        except DBAPIError as error:
            code = "" if error.orig is None else error_code(error.orig)
            if code == NOT_LOADED:
                return ()
            if code == DENIED:
                raise RequestFailed(
                    f"database hides pg_stat_statements; expected USAGE on the schema {schema}"
                ) from None
            raise

    def _heaviest(self, connection: Connection, schema: str, column: str) -> tuple[Statement, ...]:
        query = text(STATEMENTS.format(schema=schema, time=column))
        found = self._read_statements(connection, query)
        if not all(s.query in self._others for s in found) and self._may_read_texts():
            self._read_texts(connection, schema)
            found = self._read_statements(connection, query)
            self._others |= {s.query for s in found}
            if self._length:
                shown = [s.query for s in found]
                self._texts = {**read_texts(connection, schema, shown, self._length)}
        return tuple(replace(s, text=self._texts.get(s.query, "")) for s in found if s.query in self._others)

    def _read_statements(self, connection: Connection, query: object) -> tuple[Statement, ...]:
        arguments = {"own": sorted(self._own), "statements": self._statements}
        rows = connection.execute(query, arguments).all()  # type: ignore[call-overload]
        return tuple(Statement(*row[:3], *map(float, row[3:])) for row in rows)

    def _may_read_texts(self) -> bool:
        return self._clock() - self._texts_read_at >= TEXT_READ_INTERVAL

    def _read_texts(self, connection: Connection, schema: str) -> None:
        self._texts_read_at = self._clock()
        self._own = set(connection.execute(text(OWN_STATEMENTS.format(schema=schema))).scalars())
        # a known statement is not checked again, within bounds
        self._others = set() if len(self._others) > MAX_KNOWN_STATEMENTS else self._others - self._own
