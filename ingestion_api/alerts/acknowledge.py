"""Acknowledge an incident, so that others see that somebody takes care; or close one whose source is gone."""

from datetime import datetime

from sqlalchemy.orm import Session

from ingestion_api.access.bearer import Actor
from ingestion_api.alerts.events import Event, record_event
from ingestion_api.alerts.feed import IncidentChange
from ingestion_api.alerts.silences import want_silence
from ingestion_api.audit import record_change
from ingestion_api.errors import BadRequest, Conflict, NotFound
from ingestion_api.fields import to_one_line
from ingestion_api.notices.journal import write_notices
from ingestion_api.service import Service
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Alert


def acknowledge(service: Service, alert_id: int, note: str, actor: Actor, *, silence: bool = False) -> Alert:
    """Write down who takes care; done again, the newest note and wish for a silence hold.

    NotFound, or Conflict when it is over.
    """
    now = service.clock()
    with service.store.write() as session:
        alert = _firing_alert(session, alert_id)
        alert.acknowledged_at, alert.acknowledged_by = now, actor.name
        alert.acknowledgement = to_one_line(note)
        want_silence(session, alert, actor.name, wanted=silence)
        details = {"alert_id": alert.id, "note": alert.acknowledgement}
        if silence:
            details["silence"] = True
        record_event(session, [alert.id], Event("acknowledged", now, actor.name, alert.acknowledgement))
        record_change(session, actor, "acknowledge", alert.name, now, **details)
        write_notices(session, [change := _change(alert, "acknowledged", now)])
    service.incidents.publish([change])
    _wake(service)
    return alert


def withdraw_acknowledgement(service: Service, alert_id: int, actor: Actor) -> Alert:
    """Let it be unacknowledged again. NotFound, or Conflict when it is over."""
    now = service.clock()
    changes: list[IncidentChange] = []
    with service.store.write() as session:
        alert = _firing_alert(session, alert_id)
        if alert.acknowledged_at is not None:
            alert.acknowledged_at = alert.acknowledged_by = alert.acknowledgement = None
            want_silence(session, alert, actor.name, wanted=False)
            record_event(session, [alert.id], Event("unacknowledged", now, actor.name))
            record_change(session, actor, "unacknowledge", alert.name, now, alert_id=alert.id)
            changes.append(_change(alert, "unacknowledged", now))
            write_notices(session, changes)
    service.incidents.publish(changes)
    _wake(service)
    return alert


def close_alert(service: Service, alert_id: int, reason: str, actor: Actor) -> Alert:
    """End an incident by hand. BadRequest without a reason, NotFound, or Conflict when it is over.

    A later notice that it fires opens it again: then its source is not gone.
    """
    why = to_one_line(reason)
    if not why:
        raise BadRequest("reason is empty; expected why nobody will tell of the end of this alert.")
    now = service.clock()
    with service.store.write() as session:
        alert = _firing_alert(session, alert_id)
        # whoever wrote its start may have a clock that is ahead of ours
        alert.status, alert.ends_at, alert.end_known_by = "resolved", max(now, alert.starts_at), "closed"
        alert.closed_by, alert.close_reason, alert.suppression = actor.name, why, ""
        record_event(session, [alert.id], Event("closed", now, actor.name, why))
        record_change(session, actor, "close", alert.name, now, alert_id=alert.id, reason=why)
        write_notices(session, [change := _change(alert, "closed", now)])
    service.incidents.publish([change])
    _wake(service)
    return alert


def get_alert(session: Session, alert_id: int) -> Alert:
    """The incident with this number; NotFound when there is none."""
    alert = session.get(Alert, alert_id)
    if alert is None:
        raise NotFound(f"There is no alert {alert_id}.")
    return alert


def _wake(service: Service) -> None:
    """Let its silence be set or ended now."""
    if service.alertmanager is not None:
        service.alertmanager.wake()


def _change(alert: Alert, kind: str, now: datetime) -> IncidentChange:
    summary = str(alert.annotations.get("summary", ""))
    return IncidentChange(alert.id, kind, now, alert.name, alert.severity, summary)


def _firing_alert(session: Session, alert_id: int) -> Alert:
    take_advisory_lock(session, "alerts")
    alert = get_alert(session, alert_id)
    if alert.status != "firing":
        when = f" since {alert.ends_at:%Y-%m-%d %H:%M:%S} UTC" if alert.ends_at else ""
        raise Conflict(
            f"Alert {alert_id}, {alert.name}, is over{when}; expected one that still fires.",
            f"/alerts/{alert_id}",
        )
    return alert
