"""The service's own table of resources, and what was ingested from where."""

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base


class Resource(Base):
    """One text, with its sparse vector as JSON {token id: weight}."""

    __tablename__ = "resources"
    __table_args__ = (Index("resources_by_source", "source"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(String(2048))
    identifier: Mapped[str | None] = mapped_column(Text)
    type: Mapped[str | None] = mapped_column(String(64))
    format: Mapped[str | None] = mapped_column(String(64))
    ingestion_status: Mapped[str] = mapped_column(String(16))
    sparse_embedding: Mapped[str | None] = mapped_column(Text)
    sparse_embedding_model: Mapped[str | None] = mapped_column(String(100))
    sparse_embedding_updated_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class IngestedFile(Base):
    """A file of a repository that became a resource; it shows which files changed or vanished."""

    __tablename__ = "ingested_files"
    __table_args__ = (Index("ingested_files_by_repository", "repository"),)

    resource_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    repository: Mapped[str] = mapped_column(String(2048))
    path: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    ingested_at: Mapped[datetime]
    missed_by: Mapped[int | None]  # the first job that did not find it, when it missed many at once
