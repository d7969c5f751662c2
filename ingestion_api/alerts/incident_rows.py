"""Rows of incidents: their keys, the columns that follow from labels, and writing many at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, tuple_
from sqlalchemy.orm import Session

from ingestion_api.store.alert_texts import with_text_ids
from ingestion_api.store.tables import Alert
from ingestion_api.store.tables.alerts import COLUMN_LENGTH, severity_group

IncidentKey = tuple[str, datetime]  # a fingerprint and a start
READ = (
    Alert.id, Alert.fingerprint, Alert.starts_at, Alert.status, Alert.severity, Alert.last_received_at,
)  # fmt: skip


def read_incidents(session: Session, keys: Iterable[IncidentKey]) -> dict[IncidentKey, Any]:
    """The stored incidents with these keys, by one query."""
    query = select(*READ).where(tuple_(Alert.fingerprint, Alert.starts_at).in_(list(keys)))
    return {(row.fingerprint, row.starts_at): row for row in session.execute(query)}


def insert_incidents(session: Session, values: Sequence[dict[str, Any]]) -> list[int]:
    """Write incidents that are not known; returns their ids, in order."""
    if not values:
        return []
    connection = session.connection()
    # many rows with their ids returned in order are an INSERT each on SQLite; asking for them is cheaper
    connection.execute(insert(Alert), with_text_ids(connection, values))
    keys = [(it["fingerprint"], it["starts_at"]) for it in values]
    stored = read_incidents(session, keys)
    return [stored[key].id for key in keys]


def alert_name(labels: Mapping[str, str]) -> str:
    """The name of an alert with these labels."""
    return labels.get("alertname", "unnamed")[:COLUMN_LENGTH]


def alert_severity(labels: Mapping[str, str]) -> str:
    """The severity of an alert with these labels."""
    return labels.get("severity", "none")[:64]


def label_columns(labels: Mapping[str, str]) -> dict[str, Any]:
    """The columns that follow from the labels; those of rank, module and signal are the table's defaults."""
    return {
        "name": alert_name(labels),
        "severity": alert_severity(labels),
        "labels": dict(labels),
        "severity_group": severity_group(labels),
    }
