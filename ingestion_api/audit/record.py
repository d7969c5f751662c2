"""Write down that somebody changed something, in the transaction of the change itself."""

from datetime import datetime
from typing import Any

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
