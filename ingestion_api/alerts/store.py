"""Keep incidents: once for each fingerprint and start, however often Alertmanager repeats itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from ingestion_api.alerts.webhook import WebhookAlert, WebhookPayload
from ingestion_api.batching import batches
from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Alert

MAX_LENGTH = 255
KEYS_AT_ONCE = 500
IncidentKey = tuple[str, datetime]  # a fingerprint and a start


@dataclass(frozen=True)
class UpsertCounts:
    """How many incidents a call brought that were not known, and how many that were."""

    new: int
    known: int


def store_alerts(store: Store, call: WebhookPayload, now: datetime) -> UpsertCounts:
    """Write every alert of a call down; the latest notice about an incident is the one that holds."""
    with store.write() as session:
        take_advisory_lock(session, "alerts")
        found = _known(session, call.alerts)
        before = len(found)
        for notice in call.alerts:
            known = found.get(_incident_key(notice))
            if known is None:
                found[_incident_key(notice)] = known = _incident(notice, call.receiver, now)
                session.add(known)
            else:
                _update(known, notice, now)
        new = len(found) - before
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


def _incident_key(notice: WebhookAlert) -> IncidentKey:
    return notice.fingerprint, notice.starts_at


def _known(session: Session, notices: Sequence[WebhookAlert]) -> dict[IncidentKey, Alert]:
    """The incidents that are stored already, looked up together: other writers wait meanwhile."""
    found: dict[IncidentKey, Alert] = {}
    for keys in batches(map(_incident_key, notices), KEYS_AT_ONCE):
        query = select(Alert).where(tuple_(Alert.fingerprint, Alert.starts_at).in_(keys))
        found.update(((alert.fingerprint, alert.starts_at), alert) for alert in session.scalars(query))
    return found


def _update(known: Alert, notice: WebhookAlert, now: datetime) -> None:
    known.status = notice.status
    known.ends_at = notice.ended
    known.annotations = dict(notice.annotations)
    known.last_received_at = now
    known.notices += 1


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
