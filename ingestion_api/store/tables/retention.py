"""What removed rows amounted to, so that counters do not fall, and how far removal has come."""

from sqlalchemy import Double, String
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base


class RemovedTotal(Base):
    """One sum over all removed rows, or the moment that retention has reached."""

    __tablename__ = "removed_totals"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[float] = mapped_column(Double)
