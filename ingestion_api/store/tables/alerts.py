"""The incidents that Alertmanager has reported."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base


class Alert(Base):
    """One incident: one firing interval of one alert, known by fingerprint and start."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("fingerprint", "starts_at", name="one_row_per_incident"),
        Index("alerts_by_status", "status", "id"),
        Index("alerts_by_severity", "severity", "id"),
        Index("alerts_by_status_and_severity", "status", "severity", "id"),
        Index("alerts_by_status_and_start", "status", "starts_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(255))
    severity: Mapped[str] = mapped_column(String(64))
    labels: Mapped[dict[str, Any]]
    annotations: Mapped[dict[str, Any]]
    generator_url: Mapped[str] = mapped_column(Text)
    receiver: Mapped[str] = mapped_column(String(255))
    first_received_at: Mapped[datetime]
    last_received_at: Mapped[datetime]
    notices: Mapped[int] = mapped_column(default=1)
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(100))
    acknowledgement: Mapped[str | None] = mapped_column(String(500))
