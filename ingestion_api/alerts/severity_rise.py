"""An acknowledgement does not cover what is graver: a rise in severity, or a new start, withdraws it."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ingestion_api.alerts.events import Event, record_event
from ingestion_api.alerts.feed import IncidentChange
from ingestion_api.alerts.incident_rows import FIRES
from ingestion_api.store.bulk import find_rows
from ingestion_api.store.tables import Alert, AlertSilence


def reopen_milder(
    session: Session, started: Iterable[tuple[str, int]], now: datetime
) -> list[IncidentChange]:
    """Withdraw the acknowledgements of alerts that fire with another severity, where a graver one starts.

    Severities of one signal are alerts of their own; `started` are the groups and ranks of those that start.
    """
    ranks: dict[str, int] = {}
    for group, rank in started:
        ranks[group] = min(rank, ranks.get(group, rank))
    if not ranks:
        return []
    columns = (Alert.id, Alert.severity_group, Alert.severity_rank)
    groups = [{"severity_group": each} for each in ranks]
    taken = find_rows(
        session.connection(), columns, groups, f"{FIRES} AND alerts.acknowledged_at IS NOT NULL"
    )
    milder = [row.id for row in taken if ranks[row.severity_group] < row.severity_rank]
    return withdraw_all(session, milder, now, "a graver alert of the same kind started")


def withdraw_all(
    session: Session, alert_ids: Collection[int], now: datetime, why: str
) -> list[IncidentChange]:
    """Let these be unacknowledged again, and end their silences; returns what has changed."""
    if not alert_ids:
        return []
    query = select(Alert.id, Alert.name, Alert.severity)
    taken = session.execute(query.where(Alert.id.in_(alert_ids), Alert.acknowledged_at.is_not(None))).all()
    record_event(session, [row.id for row in taken], Event("unacknowledged", now, note=why))
    nobody = {"acknowledged_at": None, "acknowledged_by": None, "acknowledgement": None}
    session.execute(update(Alert).where(Alert.id.in_(alert_ids)).values(**nobody))
    session.execute(update(AlertSilence).where(AlertSilence.alert_id.in_(alert_ids)).values(ending=True))
    return [IncidentChange(row.id, "unacknowledged", now, row.name, row.severity, why) for row in taken]
