"""Keep incidents: once for each fingerprint and start, however often Alertmanager repeats itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingestion_api.alerts.webhook import WebhookAlert, WebhookPayload
from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Alert

MAX_LENGTH = 255


@dataclass(frozen=True)
class UpsertCounts:
    """How many incidents a call brought that were not known, and how many that were."""

    new: int
    known: int


def store_alerts(store: Store, call: WebhookPayload, now: datetime) -> UpsertCounts:
    """Write every alert of a call down; the latest notice about an incident is the one that holds."""
    new = 0
    with store.write() as session:
        take_advisory_lock(session, "alerts")
        for notice in call.alerts:
            new += _store_alert(session, notice, call.receiver, now)
    return UpsertCounts(new, len(call.alerts) - new)


def list_alerts(
    session: Session, limit: int, status: str | None, severity: str | None, before: int | None
) -> Sequence[Alert]:
    """Incidents, newest first; `before` is the last id of the page before."""
    query = select(Alert)
    if status is not None:
        query = query.where(Alert.status == status)
    if severity is not None:
        query = query.where(Alert.severity == severity)
    if before is not None:
        query = query.where(Alert.id < before)
    return session.scalars(query.order_by(Alert.id.desc()).limit(limit)).all()


def firing_by_severity(session: Session) -> dict[str, int]:
    """How many incidents fire now."""
    query = select(Alert.severity, func.count()).where(Alert.status == "firing").group_by(Alert.severity)
    return {str(row[0]): int(row[1]) for row in session.execute(query)}


def _store_alert(session: Session, notice: WebhookAlert, receiver: str, now: datetime) -> bool:
    same = (Alert.fingerprint == notice.fingerprint, Alert.starts_at == notice.starts_at)
    known = session.scalar(select(Alert).where(*same))
    if known is None:
        session.add(_incident(notice, receiver, now))
        session.flush()
        return True
    known.status = notice.status
    known.ends_at = notice.ended
    known.annotations = dict(notice.annotations)
    known.last_received_at = now
    known.notices += 1
    return False


def _incident(notice: WebhookAlert, receiver: str, now: datetime) -> Alert:
    return Alert(
        fingerprint=notice.fingerprint,
        starts_at=notice.starts_at,
        ends_at=notice.ended,
        status=notice.status,
        name=notice.labels.get("alertname", "unnamed")[:MAX_LENGTH],
        severity=notice.labels.get("severity", "none")[:64],
        labels=dict(notice.labels),
        annotations=dict(notice.annotations),
        generator_url=notice.generator_url,
        receiver=receiver,
        first_received_at=now,
        last_received_at=now,
        notices=1,
    )
