"""Of two Prometheus that raise the same alert Alertmanager names the earlier start, as soon as it knows it.

That is no other incident: the start of the one that fires moves back. A start that lies further back is of an
incident whose notice comes late.
"""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ingestion_api.alerts.incident_rows import IncidentKey, firing_incidents
from ingestion_api.alerts.webhook import WebhookAlert
from ingestion_api.store.tables import Alert

FARTHEST = timedelta(minutes=1)


def move_starts(session: Session, notices: Iterable[WebhookAlert]) -> bool:
    """Let what fires begin when these notices, of incidents that are not known, say; whether any moved."""
    wanted = {it.fingerprint: it for it in notices if it.status == "firing"}
    later = {
        row.fingerprint: row.starts_at
        for row in firing_incidents(session, wanted)
        if timedelta(0) < row.starts_at - wanted[row.fingerprint].starts_at <= FARTHEST
    }
    moved = [key for key in later.items() if _is_next(session, key, wanted[key[0]])]
    for name, start in moved:
        one = update(Alert).where(Alert.fingerprint == name, Alert.starts_at == start)
        session.execute(one.values(starts_at=wanted[name].starts_at))
    return bool(moved)


def _is_next(session: Session, key: IncidentKey, notice: WebhookAlert) -> bool:
    """Whether no other incident of this alert lies at or after the new start."""
    name, start = key
    others = select(func.count()).where(
        Alert.fingerprint == name,
        (Alert.starts_at > notice.starts_at) | (Alert.ends_at > notice.starts_at),
        Alert.starts_at != start,
    )
    return not session.scalar(others)
