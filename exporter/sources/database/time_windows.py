"""The time windows over which rows are counted, in SQL."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, ColumnElement, DateTime, String, bindparam, case, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from exporter.sources.json_object import unix_seconds

WINDOWS: Mapping[str, int] = {"1d": 1, "7d": 7, "30d": 30}  # days by label
LONGEST_WINDOW = "30d"


class utc(FunctionElement[datetime]):  # noqa: N801  (a function of SQL)
    """A column's time in UTC: SQLite keeps text, whose offset only its own functions understand.

    PostgreSQL gives every time in the session's zone, which is UTC.
    """

    name = "utc"
    type = DateTime()
    inherit_cache = True


class not_before(FunctionElement[bool]):  # noqa: N801  (as above)
    """Whether a column's time lies at or after a moment; of the column, the moment, and a day well before.

    The day spares SQLite the conversion of old rows, and lets it use an index.
    """

    name = "not_before"
    type = Boolean()
    inherit_cache = True


@compiles(utc)
def compile_utc(element: Any, compiler: Any, **how: Any) -> str:
    """The unchanged column."""
    return str(compiler.process(element.clauses, **how))


@compiles(utc, "sqlite")
def compile_utc_sqlite(element: Any, compiler: Any, **how: Any) -> str:
    """The column's text in UTC, NULL if it is no time."""
    return f"strftime('%Y-%m-%d %H:%M:%f', {compiler.process(element.clauses, **how)})"


@compiles(not_before)
def compile_not_before(element: Any, compiler: Any, **how: Any) -> str:
    """One comparison."""
    at, moment, _ = element.clauses
    return f"({compiler.process(at, **how)} >= {compiler.process(moment, **how)})"


@compiles(not_before, "sqlite")
def compile_not_before_sqlite(element: Any, compiler: Any, **how: Any) -> str:
    """A comparison of the text, then one of the time."""
    at, moment, day = (compiler.process(clause, **how) for clause in element.clauses)
    return f"({at} >= {day} AND strftime('%Y-%m-%d %H:%M:%f', {at}) >= {moment})"


def is_in_window(at: ColumnElement[Any], window: str) -> ColumnElement[bool]:
    """Whether the time of the column lies in the window that ends now; without a zone it is UTC."""
    moment = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=WINDOWS[window])
    day = (moment - timedelta(days=2)).date().isoformat()
    return not_before(at, bindparam(None, moment, type_=DateTime()), bindparam(None, day, type_=String()))


def counts_by_window(at: ColumnElement[Any]) -> list[ColumnElement[int]]:
    """How many rows fall into each window."""
    return [func.coalesce(func.sum(case((is_in_window(at, w), 1), else_=0)), 0) for w in WINDOWS]


def to_unix_time(value: object) -> float | None:
    """A time from a column as Unix seconds; without a zone it is UTC."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return unix_seconds(value)
