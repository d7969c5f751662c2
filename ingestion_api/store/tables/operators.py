"""What operators change: the audit log, preferences, revoked sessions and the signing key."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String, true
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base


class AuditRow(Base):
    """One change that an operator made through the service."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("audit_by_action", "action", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(2048))
    details: Mapped[dict[str, Any]]


class Preference(Base):
    """The alert levels that an operator set for one signal, by severity, and whether it is watched at all."""

    __tablename__ = "preferences"

    signal: Mapped[str] = mapped_column(String(100), primary_key=True)
    levels: Mapped[dict[str, Any]]
    set_by: Mapped[str] = mapped_column(String(100))
    set_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(500))
    expires_at: Mapped[datetime | None]
    watched: Mapped[bool] = mapped_column(default=True, server_default=true())


class RevokedSession(Base):
    """A signed-out session; the row stays until its cookie would have expired."""

    __tablename__ = "ended_sessions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime]


class SigningKey(Base):
    """The one row of the random key; useless without the operators' token, with which it is combined."""

    __tablename__ = "signing_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
