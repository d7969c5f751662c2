"""What a notice changes in an incident that is known; most change nothing but how often it was told of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from ingestion_api.alerts.feed import IncidentChange
from ingestion_api.alerts.incident_rows import alert_name, alert_severity
from ingestion_api.alerts.webhook import WebhookAlert
from ingestion_api.store.alert_texts import text_ids
from ingestion_api.store.bulk import update_rows
from ingestion_api.store.tables import Alert
from ingestion_api.store.tables.alerts import severity_rank

Repeated = tuple[Any, WebhookAlert]  # what is stored of an incident, and what is told of it now
# what has ended is not suppressed, and what was ended by mistake has no worst value yet
ASSIGNMENTS = """
    status = {status}, ends_at = {ends_at}, end_known_by = {end_known_by}, annotations = {annotations},
    severity = {severity}, severity_rank = {severity_rank}, text_id = {text_id},
    last_received_at = {last_received_at}, notices = alerts.notices + 1,
    closed_by = NULL, close_reason = NULL,
    suppression = CASE WHEN {status} = 'resolved' THEN '' ELSE alerts.suppression END,
    evidence = CASE WHEN alerts.evidence = 'done' THEN 'start' ELSE alerts.evidence END
"""


def update_incidents(
    session: Session, repeated: Sequence[Repeated], known_by: str, at: datetime
) -> list[IncidentChange]:
    """Write down what was told of incidents that are known; returns those that ended or opened again."""
    told = [(row, notice, _has_same_words(row, notice)) for row, notice in repeated]
    same = [same_words and _is_unchanged(row, notice, known_by) for row, notice, same_words in told]
    _count([row.id for (row, *_), is_same in zip(told, same, strict=True) if is_same], session, at)
    _write([it for it, is_same in zip(told, same, strict=True) if not is_same], session, known_by, at)
    return [
        incident_change(row.id, "ended" if notice.status == "resolved" else "reopened", notice, at)
        for row, notice in repeated
        if row.status != notice.status
    ]


def incident_change(alert_id: int, kind: str, notice: WebhookAlert, at: datetime) -> IncidentChange:
    """What has happened to an incident by a notice."""
    summary = notice.annotations.get("summary", "")
    return IncidentChange(
        alert_id, kind, at, alert_name(notice.labels), alert_severity(notice.labels), summary
    )


def _has_same_words(row: Any, notice: WebhookAlert) -> bool:
    stored = (row.severity, row.annotations, row.labels)
    return bool(stored == (alert_severity(notice.labels), notice.annotations, notice.labels))


def _is_unchanged(row: Any, notice: WebhookAlert, known_by: str) -> bool:
    told = (notice.status, notice.ended, _end_known_by(notice, known_by))
    return bool((row.status, row.ends_at, row.end_known_by) == told)


def _end_known_by(notice: WebhookAlert, known_by: str) -> str | None:
    return known_by if notice.status == "resolved" else None


def _count(ids: Sequence[int], session: Session, at: datetime) -> None:
    if ids:
        of_all = update(Alert).where(Alert.id.in_(ids)).execution_options(synchronize_session=False)
        session.execute(of_all.values(notices=Alert.notices + 1, last_received_at=at))


def _write(
    told: Sequence[tuple[Any, WebhookAlert, bool]], session: Session, known_by: str, at: datetime
) -> None:
    connection = session.connection()
    reworded = [(row.id, notice) for row, notice, same_words in told if not same_words]
    found = text_ids(connection, [(notice.labels, notice.annotations) for _, notice in reworded])
    texts = {alert_id: text_id for (alert_id, _), text_id in zip(reworded, found, strict=True)}
    rows = [
        {"id": row.id, "text_id": texts.get(row.id, row.text_id), **_values(notice, known_by, at)}
        for row, notice, _ in told
    ]
    update_rows(connection, Alert, ASSIGNMENTS, rows)


def _values(notice: WebhookAlert, known_by: str, at: datetime) -> dict[str, Any]:
    severity = alert_severity(notice.labels)
    return {
        "status": notice.status,
        "ends_at": notice.ended,
        "end_known_by": _end_known_by(notice, known_by),
        "annotations": notice.annotations,
        "severity": severity,
        "severity_rank": severity_rank(severity),
        "last_received_at": at,
    }
