"""The backend's tables as far as the exporter reads them, in any database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import CHAR, JSON, Boolean, Column, DateTime, Float, Integer, MetaData, String, Table, Text
from sqlalchemy import create_engine as engine_for

Row = dict[str, Any]
ALL = MetaData()
numbers = count(1)


def key() -> Column[str]:
    """A primary key that fills itself."""
    return Column("id", CHAR(36), primary_key=True, default=lambda: f"{next(numbers):036d}")


def at(name: str = "created_at") -> Column[Any]:
    """A time that is the present unless a row says otherwise."""
    return Column(name, DateTime, default=lambda: ago(0))


USERS = Table("users", ALL, key(), Column("username", String(50)), at())
PROFILES = Table("user_profiles", ALL, key(), Column("avg_session_duration", Float))
INTERACTIONS = Table(
    "user_interactions", ALL, key(), Column("user_id", CHAR(36)), Column("interaction_type", String(50)),
    Column("is_positive", Integer, default=1), at("interaction_timestamp"),
)  # fmt: skip
RESOURCES = Table(
    "resources", ALL, key(), Column("title", String, default="A title"), Column("description", Text),
    Column("ingestion_status", String, default="completed"), Column("embedding", Text),
    Column("sparse_embedding", Text), Column("sparse_embedding_model", String(100)),
    Column("sparse_embedding_updated_at", DateTime), at(),
)  # fmt: skip
ANNOTATIONS = Table("annotations", ALL, key(), at())
COLLECTIONS = Table("collections", ALL, key(), at())
FEEDBACK = Table(
    "recommendation_feedback", ALL, key(), Column("feedback_type", String(50)), Column("context", JSON), at()
)
VERSIONS = Table(
    "model_versions", ALL, key(), Column("model_name", String(100)), Column("metrics", JSON),
    Column("is_active", Boolean, default=True), at(),
)  # fmt: skip


def ago(days: float) -> datetime:
    """A moment in the past as the backend stores it: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None) - timedelta(days=days)


def sqlite_url(folder: Path) -> str:
    """The URL of a file in this folder."""
    return f"sqlite:///{folder / 'backend.db'}"


def create(url: str, *without: Table) -> str:
    """Create the tables but these, and return the URL."""
    engine = engine_for(url)
    ALL.create_all(engine, [table for table in ALL.sorted_tables if table not in without])
    engine.dispose()
    return url


def insert(url: str, table: Table, rows: Sequence[Row]) -> None:
    """Put rows into a table."""
    engine = engine_for(url)
    with engine.begin() as connection:
        for row in rows:
            connection.execute(table.insert(), row)
    engine.dispose()


def run(url: str, *statements: str) -> None:
    """Run statements, each for itself."""
    engine = engine_for(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
