"""PostgreSQL's statistics views, read as they are: rows of labels and numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

Values = Mapping[str, float | None]


@dataclass(frozen=True)
class ViewRow:
    """One row of a view: its labels, and its numbers by column; None where the server has none."""

    labels: tuple[str, ...]
    values: Values


@dataclass(frozen=True)
class View:
    """A query whose first columns, as many as there are `labels`, tell rows apart; the others are numbers."""

    name: str
    query: str
    labels: tuple[str, ...] = ()

    def read(self, connection: Connection, arguments: Mapping[str, Any]) -> tuple[ViewRow, ...]:
        """The rows."""
        found = connection.execute(text(self.query), dict(arguments))
        columns = list(found.keys())[len(self.labels) :]
        return tuple(view_row(row, len(self.labels), columns) for row in found)


Views = Mapping[str, tuple[ViewRow, ...]]


def read_views(connection: Connection, views: Iterable[View], **arguments: Any) -> Views:
    """The rows of each view, by its name."""
    return {view.name: view.read(connection, arguments) for view in views}


def view_row(row: Any, labels: int, columns: list[str]) -> ViewRow:
    """One row; labels that are NULL are empty."""
    names = tuple("" if value is None else str(value) for value in row[:labels])
    return ViewRow(names, {name: number(row[place + labels]) for place, name in enumerate(columns)})


def number(value: object) -> float | None:
    """The number of a column: times in Unix seconds, true as 1; None for what is no number."""
    if isinstance(value, datetime):
        return value.timestamp()
    return float(value) if isinstance(value, int | float | Decimal) else None
