"""The events of an incident, written in the transaction of what they tell of."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingestion_api.alerts.feed import IncidentChange
from ingestion_api.store.bulk import insert_rows
from ingestion_api.store.tables import IncidentEvent

MAX_EVENTS = 200  # of one incident that are read


@dataclass(frozen=True)
class Event:
    """What happened, when, who did it where somebody did, and a note."""

    kind: str
    at: datetime
    actor: str = ""
    note: str = ""


def record_event(session: Session, alert_ids: Iterable[int], event: Event) -> None:
    """Write the same event for some incidents."""
    same = {**asdict(event), "note": event.note[:500]}
    insert_rows(session.connection(), IncidentEvent, [{**same, "alert_id": each} for each in alert_ids])


def record_changes(session: Session, changes: Iterable[IncidentChange], note: str) -> None:
    """Write an event for each change; `note` is how it is known."""
    rows = [{"alert_id": it.alert_id, "at": it.at, "kind": it.kind, "note": note} for it in changes]
    insert_rows(session.connection(), IncidentEvent, rows)


def read_events(session: Session, alert_id: int) -> Sequence[IncidentEvent]:
    """The newest events of an incident, the oldest of them first."""
    query = select(IncidentEvent).where(IncidentEvent.alert_id == alert_id)
    return session.scalars(query.order_by(IncidentEvent.id.desc()).limit(MAX_EVENTS)).all()[::-1]
