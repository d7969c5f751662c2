"""Remove old rows of the audit log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, false, select
from sqlalchemy.orm import Session

from ingestion_api.retention.removal import BATCH, Removal, Retention, last_id_beyond
from ingestion_api.store.tables import AuditRow


def audit_removal(kept: Retention, now: datetime) -> Removal:
    """Those that are too old, and those that are too many."""
    oldest = kept.oldest(now)

    def too_old(_session: Session) -> Select[Any]:
        # rows are written in the order of time: only the first are looked at
        first = select(AuditRow.id, AuditRow.at).order_by(AuditRow.id).limit(BATCH).subquery()
        return select(first.c.id).where(first.c.at < oldest if oldest else false()).order_by(first.c.id)

    def too_many(session: Session) -> Select[Any]:
        last = last_id_beyond(session, AuditRow.id, kept.number)
        return select(AuditRow.id).where(AuditRow.id <= last).order_by(AuditRow.id)

    return Removal("audit_log", (too_old, too_many), _delete, "audit log")


def _delete(session: Session, ids: Sequence[int]) -> None:
    session.execute(delete(AuditRow).where(AuditRow.id.in_(ids)))
