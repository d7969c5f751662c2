"""Remove old incidents, never one that fires, and labels and words that no incident has any more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, exists, false, select
from sqlalchemy.orm import Session

from ingestion_api.retention.removal import Removal, Retention, last_id_beyond
from ingestion_api.store.tables import Alert, AlertText

LOCK = "alerts"  # that of the webhook


def incident_removal(kept: Retention, now: datetime) -> Removal:
    """Those that ended too long ago, and those that are too many."""
    oldest = kept.oldest(now)

    def too_old(_session: Session) -> Select[Any]:
        query = select(Alert.id).where(Alert.status == "resolved")
        return query.where(Alert.ends_at < oldest if oldest else false()).order_by(Alert.ends_at, Alert.id)

    def too_many(session: Session) -> Select[Any]:
        last = last_id_beyond(session, Alert.id, kept.number)
        return select(Alert.id).where(Alert.status == "resolved", Alert.id <= last).order_by(Alert.id)

    return Removal("alerts", (too_old, too_many), _delete, LOCK)


def _delete(session: Session, ids: Sequence[int]) -> None:
    # events and silences go with their incident
    session.execute(delete(Alert).where(Alert.id.in_(ids)))


def text_removal() -> Removal:
    """What no incident has any more."""
    unused = ~exists().where(Alert.text_id == AlertText.id)

    def find(_session: Session) -> Select[Any]:
        return select(AlertText.id).where(unused)

    def drop(session: Session, ids: Sequence[int]) -> None:
        session.execute(delete(AlertText).where(AlertText.id.in_(ids)))

    return Removal("alert_texts", (find,), drop, LOCK)
