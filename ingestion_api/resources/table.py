"""The resources table, found once and then kept."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from sqlalchemy import Column, ColumnElement, Engine, MetaData, Table, Uuid, or_
from sqlalchemy.exc import NoSuchTableError

from ingestion_api.errors import Unavailable, Unprocessable
from ingestion_api.resources.columns import fill_required, find_columns
from ingestion_api.settings import Settings
from ingestion_api.store.engine import open_backend_engine


@dataclass(frozen=True)
class ResourceTable:
    """A table of texts with sparse vectors, whatever its columns are called."""

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

    def missing(self) -> ColumnElement[bool]:
        """The condition on rows without a vector; one that is `{}` belongs to a text without words."""
        vector = self["sparse_embedding"]
        return or_(vector.is_(None), vector == "")

    def row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values by the table's own names; what the table has no column for is left out."""
        return {self.columns[name].name: value for name, value in values.items() if name in self.columns}

    def further(self, now: datetime) -> dict[str, Any]:
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
    """Where the resources table is; it is asked for its columns when first needed."""

    def __init__(self, settings: Settings, own: Engine) -> None:
        self._settings = settings
        address = settings.resources_url
        self.engine = open_backend_engine(address.get_secret_value()) if address else own
        self._lock = Lock()
        self._table: ResourceTable | None = None

    def table(self) -> ResourceTable:
        """The table; Unavailable when it is not there or lacks a needed column."""
        with self._lock:
            if self._table is None:
                self._table = self._find()
            return self._table

    def close(self) -> None:
        """Let go of all connections."""
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


def naive_utc(moment: datetime) -> datetime:
    """A moment as the backend stores it: UTC without zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)
