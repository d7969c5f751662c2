"""What happens to incidents, for open pages; and how each person wants to hear of it."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base


class Notice(Base):
    """One thing that happened to an incident, with what a card says of it; only the newest are kept."""

    __tablename__ = "notices"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's way

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(24))
    # no foreign key: the incident may be deleted first
    alert_id: Mapped[int]
    name: Mapped[str] = mapped_column(String(255))
    severity: Mapped[str] = mapped_column(String(64))
    summary: Mapped[str] = mapped_column(String(500))


class NoticePreference(Base):
    """Which severities a person wants as notifications of the browser and with a sound, and when neither."""

    __tablename__ = "notice_preferences"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    notify: Mapped[list[str]]
    sound: Mapped[list[str]]
    # hours and minutes in the browser's time; empty without quiet hours
    quiet_from: Mapped[str] = mapped_column(String(5))
    quiet_until: Mapped[str] = mapped_column(String(5))
    set_at: Mapped[datetime]
