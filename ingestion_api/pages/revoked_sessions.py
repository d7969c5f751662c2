"""Signing out for good: a cookie that somebody copied before opens nothing afterwards."""

from datetime import UTC, datetime

from sqlalchemy import delete

from ingestion_api.pages.session import Session
from ingestion_api.store import Store
from ingestion_api.store.tables import RevokedSession


def revoke_session(store: Store, session: Session, now: datetime) -> None:
    """Remember that this session is over for as long as its cookie would be good, and forget older ones."""
    expires_at = datetime.fromtimestamp(session.expires, UTC)
    with store.write() as database:
        database.execute(delete(RevokedSession).where(RevokedSession.expires_at < now))
        database.merge(RevokedSession(id=session.id, expires_at=expires_at))


def is_revoked(store: Store, session: Session) -> bool:
    """Whether somebody has signed out of this session."""
    with store.read() as database:
        return database.get(RevokedSession, session.id) is not None
