"""The resources table: its columns, whatever their names, read once and then cached."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Engine,
    MetaData,
    Numeric,
    Table,
    Uuid,
    or_,
)
from sqlalchemy.exc import NoSuchTableError

from ingestion_api.errors import Unavailable, Unprocessable
from ingestion_api.settings import Settings
from ingestion_api.store.engine import open_backend_engine

REQUIRED_COLUMNS = ("id", "title", "description", "sparse_embedding", "sparse_embedding_model")
KNOWN_COLUMNS = (
    *REQUIRED_COLUMNS, "source", "identifier", "type", "format", "ingestion_status",
    "sparse_embedding_updated_at", "created_at", "updated_at",
)  # fmt: skip
DEFAULT_VALUES: Mapping[str, Any] = {"read_status": "unread", "curation_status": "unreviewed", "version": 1}


def find_columns(table: Table, names: Mapping[str, str]) -> dict[str, Column[Any]]:
    """Our name -> the table's column, for those it has; Unavailable when a required one is missing."""
    columns = {
        ours: table.c[names.get(ours, ours)] for ours in KNOWN_COLUMNS if names.get(ours, ours) in table.c
    }
    missing = [names.get(ours, ours) for ours in REQUIRED_COLUMNS if ours not in columns]
    if missing:
        raise Unavailable(
            f"Table {table.name!r} has no column {missing[0]!r}; name its own in resources_columns."
        )
    return columns


def fill_required(table: Table, ours: set[str], given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A value for each column that is not among `ours` (the table's names) and must not be null."""
    values = {**DEFAULT_VALUES, **given}
    required = [column for column in table.c if column.name not in ours and _is_required(column)]
    chosen = {column.name: values.get(column.name, _empty_value(column, now)) for column in required}
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


@dataclass(frozen=True)
class ResourceTable:
    """A table of texts with sparse vectors, whatever the names of its columns."""

    engine: Engine
    table: Table
    columns: Mapping[str, Column[Any]]
    defaults: Mapping[str, Any]

    def __getitem__(self, name: str) -> Column[Any]:
        """The column for one of our names; KeyError when the table has none."""
        return self.columns[name]

    def has(self, name: str) -> bool:
        """Whether the table has a column for this name of ours."""
        return name in self.columns

    def without_vector(self) -> ColumnElement[bool]:
        """The condition on rows without a vector; `{}` is the vector of a text without words."""
        vector = self["sparse_embedding"]
        return or_(vector.is_(None), vector == "")

    def row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values by the table's own names, without those that have no column."""
        return {self.columns[name].name: value for name, value in values.items() if name in self.columns}

    def required_values(self, now: datetime) -> dict[str, Any]:
        """Values for the columns that are not ours and must not be null."""
        ours = {column.name for column in self.columns.values()}
        return fill_required(self.table, ours, self.defaults, now)

    def key(self, text: str) -> Any:
        """An id as the table stores it; Unprocessable when it cannot be one."""
        kind = self["id"].type
        if not isinstance(kind, Uuid):
            return text
        try:
            value = uuid.UUID(text)
        except ValueError:
            raise Unprocessable(f"resource id {text!r} is no UUID; expected one.") from None
        return value if kind.as_uuid else str(value)


class ResourceDatabase:
    """The database with the resources table, whose columns are read when first needed."""

    def __init__(self, settings: Settings, own: Engine) -> None:
        self._settings = settings
        address = settings.resources_url
        self.engine = open_backend_engine(address.get_secret_value()) if address else own
        self._lock = Lock()
        self._table: ResourceTable | None = None

    def table(self) -> ResourceTable:
        """The table; Unavailable when it is missing or lacks a required column."""
        with self._lock:
            if self._table is None:
                self._table = self._find()
            return self._table

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _find(self) -> ResourceTable:
        name = self._settings.resources_table
        if self.engine.dialect.name not in ("sqlite", "postgresql"):
            raise Unavailable(f"Resources are in {self.engine.dialect.name}; expected SQLite or PostgreSQL.")
        try:
            table = Table(name, MetaData(), autoload_with=self.engine)
        except NoSuchTableError:
            raise Unavailable(f"The database of resources has no table {name!r}.") from None
        columns = find_columns(table, self._settings.resources_columns)
        return ResourceTable(self.engine, table, columns, self._settings.resources_defaults)
