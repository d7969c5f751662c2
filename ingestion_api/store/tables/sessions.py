"""Sessions that were signed out of before they expired."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base


class RevokedSession(Base):
    """A session whose cookie is worth nothing any more; kept until the cookie expires by itself."""

    __tablename__ = "ended_sessions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime]
