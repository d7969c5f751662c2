"""Read the audit log."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingestion_api.store.tables import AuditRow


def audit_rows(
    session: Session, limit: int, before: int | None = None, action: str | None = None
) -> Sequence[AuditRow]:
    """The newest rows first, of one action or of all; `before` is the last id of the page before."""
    query = select(AuditRow)
    if action is not None:
        query = query.where(AuditRow.action == action)
    if before is not None:
        query = query.where(AuditRow.id < before)
    return session.scalars(query.order_by(AuditRow.id.desc()).limit(limit)).all()
