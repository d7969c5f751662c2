"""The versions of the encoder, each with the corpus statistics its vectors were made from."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Table


class EncoderVersion(Table):
    """One model version; vectors of two versions are not comparable."""

    __tablename__ = "encoder_versions"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's way

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    job_id: Mapped[int | None] = mapped_column(unique=True)  # whose resumption uses it again
    documents: Mapped[int]
    statistics: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
