"""How the columns of the resources table are called, and what goes into those that we know nothing of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, DateTime, Numeric, Table

from ingestion_api.errors import Unavailable

REQUIRED_COLUMNS = ("id", "title", "description", "sparse_embedding", "sparse_embedding_model")
KNOWN_COLUMNS = (
    *REQUIRED_COLUMNS, "source", "identifier", "type", "format", "ingestion_status",
    "sparse_embedding_updated_at", "created_at", "updated_at",
)  # fmt: skip
DEFAULT_VALUES: Mapping[str, Any] = {"read_status": "unread", "curation_status": "unreviewed", "version": 1}


def find_columns(table: Table, names: Mapping[str, str]) -> dict[str, Column[Any]]:
    """Our name -> the table's column, for those it has; Unavailable when a needed one is missing."""
    found = {
        ours: table.c[names.get(ours, ours)] for ours in KNOWN_COLUMNS if names.get(ours, ours) in table.c
    }
    missing = [names.get(ours, ours) for ours in REQUIRED_COLUMNS if ours not in found]
    if missing:
        raise Unavailable(
            f"Table {table.name!r} has no column {missing[0]!r}; name its own in resources_columns."
        )
    return found


def fill_required(table: Table, ours: set[str], given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A value for each column that is not among `ours` (the table's names) and must not be null."""
    known = {**DEFAULT_VALUES, **given}
    must = [column for column in table.c if column.name not in ours and _is_required(column)]
    chosen = {column.name: known.get(column.name, _empty_value(column, now)) for column in must}
    return chosen | {name: value for name, value in given.items() if name in table.c and name not in ours}


def _is_required(column: Column[Any]) -> bool:
    return not column.nullable and column.server_default is None and not column.primary_key


def _empty_value(column: Column[Any], now: datetime) -> Any:
    kind = column.type
    if isinstance(kind, JSON):
        return []
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, DateTime):
        return now
    return 0 if isinstance(kind, Numeric) or kind.python_type in (int, float) else ""
