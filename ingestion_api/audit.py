"""The audit log: who changed what, written in the transaction of the change itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingestion_api.access.bearer import Actor
from ingestion_api.store.tables import AuditRow


def record_change(
    session: Session, actor: Actor, action: str, subject: str, at: datetime, **details: Any
) -> AuditRow:
    """Add an audit row; it is kept only if the change is."""
    row = AuditRow(
        at=at, actor=actor.name, address=actor.address, action=action, subject=subject, details=details
    )
    session.add(row)
    return row


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
