"""Who changed what, when."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base


class AuditRow(Base):
    """One change that somebody made through the service."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("audit_by_action", "action", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(2048))
    details: Mapped[dict[str, Any]]
