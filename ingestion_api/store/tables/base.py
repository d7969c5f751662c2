"""The base of all tables, their column types, and the row of the write probe."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from ingestion_api.clock import naive_utc

MAX_ID = 2_147_483_647  # the largest integer of PostgreSQL


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; stored without zone, since SQLite has none, and returned aware."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse a moment without zone; ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"moment {value} has no zone; expected an aware one")
        return naive_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Attach UTC."""
        return value.replace(tzinfo=UTC) if value is not None else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """Read the texts of SQLite in one step: a list of jobs holds a thousand moments."""
        return _read_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _read_text(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text + "+00:00") if text is not None else None


class Base(DeclarativeBase):
    """The base of every table."""

    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[str]: JSON}  # noqa: RUF012 - SQLAlchemy's way


class WriteProbeRow(Base):
    """When the database was last writable."""

    __tablename__ = "write_probe"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
