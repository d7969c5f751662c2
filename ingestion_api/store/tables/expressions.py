"""Expressions that each database writes in its own way."""

from typing import Any

from sqlalchemy import BigInteger, Float, Integer, Select, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.functions import FunctionElement


class seconds_between(ColumnElement[float]):  # noqa: N801 - it reads as a function
    """Seconds from the second column, a moment, to the first; 0 where one is missing."""

    type = Float()
    inherit_cache = False

    def __init__(self, later: str, earlier: str) -> None:
        self.later = later
        self.earlier = earlier


@compiles(seconds_between, "sqlite")
def _sqlite(element: seconds_between, *_: Any, **__: Any) -> str:
    return f"coalesce((julianday({element.later}) - julianday({element.earlier})) * 86400.0, 0.0)"


@compiles(seconds_between, "postgresql")
def _postgres(element: seconds_between, *_: Any, **__: Any) -> str:
    # as PostgreSQL itself writes it, so that Alembic finds nothing to change
    return f"COALESCE(EXTRACT(epoch FROM ({element.later} - {element.earlier})), 0::numeric)"


class gravity(ColumnElement[int]):  # noqa: N801 - as above
    """How grave an incident is now, from 0 to 11: more where it fires, most where nobody takes care of it."""

    type = Integer()
    inherit_cache = False


@compiles(gravity, "sqlite")
def _sqlite_gravity(*_: Any, **__: Any) -> str:
    return (
        "CASE WHEN status <> 'firing' THEN 0 WHEN acknowledged_at IS NULL THEN 8 ELSE 4 END "
        "+ 3 - severity_rank"
    )


@compiles(gravity, "postgresql")
def _postgres_gravity(*_: Any, **__: Any) -> str:
    return (
        "CASE WHEN (status)::text <> 'firing'::text THEN 0 WHEN acknowledged_at IS NULL THEN 8 ELSE 4 END "
        "+ 3 - severity_rank"
    )


class microseconds_between(FunctionElement[int]):  # noqa: N801 - as above
    """Whole microseconds from the second column, a moment, to the first; none where one is missing.

    Exact, where `seconds_between` of SQLite knows milliseconds."""

    type = BigInteger()
    inherit_cache = True


@compiles(microseconds_between, "sqlite")
def _sqlite_microseconds(element: microseconds_between, compiler: Any, **how: Any) -> str:
    later, earlier = (compiler.process(clause, **how) for clause in element.clauses)
    # a moment is written with six digits after its seconds
    return (
        f"((strftime('%s', {later}) - strftime('%s', {earlier})) * 1000000"
        f" + substr({later}, 21) - substr({earlier}, 21))"
    )


@compiles(microseconds_between, "postgresql")
def _postgres_microseconds(element: microseconds_between, compiler: Any, **how: Any) -> str:
    later, earlier = (compiler.process(clause, **how) for clause in element.clauses)
    return f"CAST(EXTRACT(epoch FROM ({later} - {earlier})) * 1000000 AS BIGINT)"


class each_number(FunctionElement[int]):  # noqa: N801 - as above
    """A table of the whole numbers that a text separates by commas."""

    type = Integer()
    inherit_cache = True


@compiles(each_number, "sqlite")
def _sqlite_numbers(element: each_number, compiler: Any, **how: Any) -> str:
    return f"json_each('[' || {compiler.process(element.clauses, **how)} || ']')"


@compiles(each_number, "postgresql")
def _postgres_numbers(element: each_number, compiler: Any, **how: Any) -> str:
    return f"unnest(CAST('{{' || {compiler.process(element.clauses, **how)} || '}}' AS INTEGER[]))"


def listed_numbers(text: str) -> Select[int]:
    """The whole numbers that a text separates by commas, as the right side of IN."""
    # SQLite calls the column "value"; PostgreSQL calls it as the table
    return select(each_number(text).table_valued("value", name="value").c.value)


def checked(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition, written so that it is checked for each row and that no index is chosen for it.

    PostgreSQL makes no join of it either, which would lose the order in which the rows are read."""
    return condition.is_(true())
