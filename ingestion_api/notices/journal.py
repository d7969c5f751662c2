"""The notices: written in the transaction of what they tell of, read by their ids."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ingestion_api.alerts.feed import IncidentChange
from ingestion_api.store.bulk import insert_rows
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Notice

KEPT = 10_000
MAX_SUMMARY = 500  # characters


def write_notices(session: Session, changes: Sequence[IncidentChange]) -> None:
    """Write a notice for each change, and delete those beyond the newest ten thousand."""
    if not changes:
        return
    # one transaction at a time: whoever has read an id has missed none before it
    take_advisory_lock(session, "alerts")
    insert_rows(session.connection(), Notice, [_values(change) for change in changes])
    session.execute(delete(Notice).where(Notice.id <= last_notice_id(session) - KEPT))


def _values(change: IncidentChange) -> dict[str, object]:
    return {
        "at": change.at,
        "kind": change.kind,
        "alert_id": change.alert_id,
        "name": change.name[:255],
        "severity": change.severity[:64],
        "summary": change.summary[:MAX_SUMMARY],
    }


def last_notice_id(session: Session) -> int:
    """The id of the newest notice; 0 without any."""
    return session.scalar(select(func.max(Notice.id))) or 0


def next_notices(session: Session, after: int, limit: int) -> Sequence[Notice]:
    """The first notices after an id, in order."""
    return session.scalars(select(Notice).where(Notice.id > after).order_by(Notice.id).limit(limit)).all()


def newest_notices(
    session: Session, limit: int, after: int = 0, before: int | None = None
) -> Sequence[Notice]:
    """The newest notices after one id and before another, the newest first."""
    query = select(Notice).where(Notice.id > after)
    if before is not None:
        query = query.where(Notice.id < before)
    return session.scalars(query.order_by(Notice.id.desc()).limit(limit)).all()
