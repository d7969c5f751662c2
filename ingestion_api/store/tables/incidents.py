"""What belongs to an incident: its events and its silence; and until when all incidents are known."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base


class IncidentEvent(Base):
    """One thing that happened to an incident; it goes with the incident."""

    __tablename__ = "incident_events"
    __table_args__ = (Index("incident_events_by_alert", "alert_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(24))
    actor: Mapped[str] = mapped_column(String(100), default="", server_default="")
    note: Mapped[str] = mapped_column(String(500), default="", server_default="")


class AlertSilence(Base):
    """A silence in Alertmanager that lasts as long as its incident; the row goes with it."""

    __tablename__ = "alert_silences"

    alert_id: Mapped[int] = mapped_column(
        ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    actor: Mapped[str] = mapped_column(String(100))
    note: Mapped[str] = mapped_column(String(500))
    # Alertmanager's id and end of it; None until it is there
    silence_id: Mapped[str | None] = mapped_column(String(64))
    ends_at: Mapped[datetime | None]
    ending: Mapped[bool] = mapped_column(default=False, server_default=false())
    problem: Mapped[str] = mapped_column(String(500), default="", server_default="")


class AlertCoverage(Base):
    """The one row that tells until when no incident was missed."""

    __tablename__ = "alert_coverage"

    id: Mapped[int] = mapped_column(primary_key=True)
    until: Mapped[datetime]
