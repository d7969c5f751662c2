"""The levels that operators set for themselves."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base


class Preference(Base):
    """The levels that somebody set for one signal, by severity."""

    __tablename__ = "preferences"

    signal: Mapped[str] = mapped_column(String(100), primary_key=True)
    levels: Mapped[dict[str, Any]]
    set_by: Mapped[str] = mapped_column(String(100))
    set_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(500))
    expires_at: Mapped[datetime | None]
