"""Expressions that each database writes in its own way."""

from typing import Any

from sqlalchemy import Float, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement


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
