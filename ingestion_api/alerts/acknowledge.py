"""Acknowledge an incident, so that others see that somebody takes care; it ends with the incident."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingestion_api.access.bearer import Actor
from ingestion_api.audit import record_change
from ingestion_api.errors import Conflict, NotFound
from ingestion_api.fields import to_one_line
from ingestion_api.service import Service
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Alert


def acknowledge(service: Service, alert_id: int, note: str, actor: Actor) -> Alert:
    """Write down who takes care; done again, the newest note holds. NotFound, or Conflict when it is over."""
    now = service.clock()
    with service.store.write() as session:
        alert = _firing_alert(session, alert_id)
        alert.acknowledged_at, alert.acknowledged_by = now, actor.name
        alert.acknowledgement = to_one_line(note)
        details = {"alert_id": alert.id, "note": alert.acknowledgement}
        record_change(session, actor, "acknowledge", alert.name, now, **details)
    return alert


def withdraw_acknowledgement(service: Service, alert_id: int, actor: Actor) -> Alert:
    """Let it be unacknowledged again. NotFound, or Conflict when it is over."""
    with service.store.write() as session:
        alert = _firing_alert(session, alert_id)
        if alert.acknowledged_at is not None:
            alert.acknowledged_at = alert.acknowledged_by = alert.acknowledgement = None
            record_change(session, actor, "unacknowledge", alert.name, service.clock(), alert_id=alert.id)
    return alert


def get_alert(session: Session, alert_id: int) -> Alert:
    """The incident with this number; NotFound when there is none."""
    alert = session.get(Alert, alert_id)
    if alert is None:
        raise NotFound(f"There is no alert {alert_id}.")
    return alert


def acknowledged_by_severity(session: Session) -> dict[str, int]:
    """How many incidents fire and are acknowledged."""
    wanted = (Alert.status == "firing", Alert.acknowledged_at.is_not(None))
    query = select(Alert.severity, func.count()).where(*wanted).group_by(Alert.severity)
    return {str(row[0]): int(row[1]) for row in session.execute(query)}


def _firing_alert(session: Session, alert_id: int) -> Alert:
    take_advisory_lock(session, "alerts")
    alert = get_alert(session, alert_id)
    if alert.status != "firing":
        when = f" since {alert.ends_at:%Y-%m-%d %H:%M:%S} UTC" if alert.ends_at else ""
        raise Conflict(f"Alert {alert_id}, {alert.name}, is over{when}; expected one that still fires.")
    return alert
