"""All that is stored of one incident: events, other severities, earlier times, changes of its levels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from ingestion_api.alerts.acknowledge import get_alert
from ingestion_api.alerts.events import read_events
from ingestion_api.clock import shifted
from ingestion_api.store.tables import Alert, AlertSilence, AuditRow, IncidentEvent

MAX_EARLIER = 10
MAX_OTHERS = 20
AROUND = timedelta(hours=1)  # in which a change of a level belongs to an incident
LEVEL_ACTIONS = ("set_levels", "set_back_levels")


@dataclass(frozen=True)
class IncidentRecord:
    """An alert with what belongs to it.

    `severities` are alerts that differ in severity alone and fired meanwhile; `earlier` are former times of
    the same alert, the latest first, of `times` in all; `newer` is its next time.
    """

    alert: Alert
    events: Sequence[IncidentEvent]
    severities: Sequence[Alert]
    earlier: Sequence[Alert]
    times: int
    newer: Alert | None
    levels: Sequence[AuditRow]
    silence: AlertSilence | None


def read_incident(session: Session, alert_id: int, now: datetime) -> IncidentRecord:
    """The incident with this number; NotFound when there is none."""
    alert = get_alert(session, alert_id)
    same = select(Alert).where(Alert.fingerprint == alert.fingerprint)
    before = same.where(Alert.starts_at < alert.starts_at).order_by(Alert.starts_at.desc())
    after = same.where(Alert.starts_at > alert.starts_at).order_by(Alert.starts_at)
    count = select(func.count()).select_from(Alert).where(Alert.fingerprint == alert.fingerprint)
    return IncidentRecord(
        alert,
        read_events(session, alert_id),
        _severities(session, alert, now),
        session.scalars(before.limit(MAX_EARLIER)).all(),
        session.scalar(count) or 0,
        session.scalars(after.limit(1)).first(),
        _level_changes(session, alert, now),
        session.get(AlertSilence, alert_id),
    )


def find_incident(session: Session, fingerprint: str, start: datetime | None) -> Alert | None:
    """The incident of an alert that began then, or its latest one; None without any."""
    query = select(Alert).where(Alert.fingerprint == fingerprint).order_by(Alert.starts_at.desc()).limit(1)
    if start is not None:
        # a message may have the start in whole seconds
        begun = query.where(Alert.starts_at < shifted(start, timedelta(seconds=1)))
        if found := session.scalars(begun).first():
            return found
    return session.scalars(query).first()


def firing_named(session: Session, name: str) -> Sequence[int]:
    """The numbers of two incidents of this name that fire; fewer where there are fewer."""
    query = select(Alert.id).where(Alert.name == name, Alert.status == "firing")
    return session.scalars(query.order_by(Alert.id.desc()).limit(2)).all()


def _severities(session: Session, alert: Alert, now: datetime) -> Sequence[Alert]:
    query = select(Alert).where(
        Alert.severity_group == alert.severity_group,
        Alert.severity != alert.severity,
        Alert.starts_at <= (alert.ends_at or now),
        or_(Alert.ends_at.is_(None), Alert.ends_at >= alert.starts_at),
    )
    return session.scalars(query.order_by(Alert.starts_at).limit(MAX_OTHERS)).all()


def _level_changes(session: Session, alert: Alert, now: datetime) -> Sequence[AuditRow]:
    if not alert.signal:
        return ()
    query = select(AuditRow).where(
        AuditRow.action.in_(LEVEL_ACTIONS),
        AuditRow.subject == alert.signal,
        AuditRow.at >= shifted(alert.starts_at, -AROUND),
        AuditRow.at <= shifted(alert.ends_at or now, AROUND),
    )
    return session.scalars(query.order_by(AuditRow.id.desc()).limit(MAX_OTHERS)).all()[::-1]
