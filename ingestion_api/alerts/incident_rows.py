"""Rows of incidents: their keys, the columns that follow from labels, and writing many at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingestion_api.store import Store
from ingestion_api.store.alert_texts import text_ids
from ingestion_api.store.bulk import find_rows, insert_rows, new_ids
from ingestion_api.store.tables import Alert
from ingestion_api.store.tables.alerts import COLUMN_LENGTH, severity_group, severity_rank

LATEST = 200
IncidentKey = tuple[str, datetime]  # a fingerprint and a start
READ = (
    Alert.id, Alert.fingerprint, Alert.starts_at, Alert.ends_at, Alert.status, Alert.severity, Alert.labels,
    Alert.annotations, Alert.last_received_at, Alert.end_known_by, Alert.text_id,
)  # fmt: skip
# written so that no index by status is read: in a storm ten thousand fire
FIRES = "alerts.status || '' = 'firing'"


def read_incidents(session: Session, keys: Iterable[IncidentKey]) -> dict[IncidentKey, Any]:
    """The stored incidents with these keys, by one query."""
    wanted = [{"fingerprint": fingerprint, "starts_at": start} for fingerprint, start in keys]
    return {(row.fingerprint, row.starts_at): row for row in find_rows(session.connection(), READ, wanted)}


def firing_incidents(session: Session, fingerprints: Iterable[str]) -> Sequence[Any]:
    """What fires with these fingerprints."""
    wanted = [{"fingerprint": fingerprint} for fingerprint in fingerprints]
    return find_rows(session.connection(), READ, wanted, FIRES)


def insert_incidents(session: Session, values: Sequence[dict[str, Any]]) -> Sequence[int]:
    """Write incidents that are not known; returns their ids, in order."""
    if not values:
        return ()
    connection = session.connection()
    ids = new_ids(connection, Alert, len(values))
    texts = text_ids(connection, [(row["labels"], row["annotations"]) for row in values])
    numbered = zip(values, ids, texts, strict=True)
    rows = [{**row, "id": its_id, "text_id": text_id} for row, its_id, text_id in numbered]
    insert_rows(connection, Alert, rows)
    return ids


def latest_labels(store: Store) -> Sequence[Mapping[str, str]]:
    """The labels of the latest incidents that Alertmanager told of."""
    query = select(Alert.labels).where(Alert.known_by != "history").order_by(Alert.id.desc()).limit(LATEST)
    with store.read() as session:
        return session.scalars(query).all()


def alert_name(labels: Mapping[str, str]) -> str:
    """The name of an alert with these labels."""
    return labels.get("alertname", "unnamed")[:COLUMN_LENGTH]


def alert_severity(labels: Mapping[str, str]) -> str:
    """The severity of an alert with these labels."""
    return labels.get("severity", "none")[:64]


def label_columns(labels: Mapping[str, str]) -> dict[str, Any]:
    """The columns that follow from the labels."""
    severity = alert_severity(labels)
    return {
        "name": alert_name(labels),
        "severity": severity,
        "severity_rank": severity_rank(severity),
        "severity_group": severity_group(labels),
        "module": labels.get("module", "")[:COLUMN_LENGTH],
        "signal": labels.get("signal", "")[:COLUMN_LENGTH],
        "labels": dict(labels),
        # to be read from Prometheus
        "evidence": "pending",
    }
