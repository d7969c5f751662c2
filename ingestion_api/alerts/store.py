"""Keep incidents: once for each fingerprint and start, however often Alertmanager repeats itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from ingestion_api.alerts.events import record_changes
from ingestion_api.alerts.feed import IncidentChange, IncidentFeed, ended
from ingestion_api.alerts.incident_rows import (
    FIRES,
    IncidentKey,
    alert_severity,
    firing_incidents,
    insert_incidents,
    label_columns,
    read_incidents,
)
from ingestion_api.alerts.moved_starts import move_starts
from ingestion_api.alerts.repeated import Repeated, incident_change, update_incidents
from ingestion_api.alerts.severity_rise import reopen_milder, withdraw_all
from ingestion_api.alerts.webhook import WebhookAlert
from ingestion_api.batching import batches
from ingestion_api.notices.journal import write_notices
from ingestion_api.store import Store
from ingestion_api.store.bulk import find_rows
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Alert
from ingestion_api.store.tables.alerts import COLUMN_LENGTH, severity_rank

# others who write get a turn after so many
ALERTS_AT_ONCE = 1_000
MARGIN = timedelta(seconds=1)  # between a notice and its commit
SET_BACK = timedelta(minutes=1)  # told so long after a poll began is told before the clock was set back


@dataclass(frozen=True)
class UpsertCounts:
    """How many incidents a call brought that were not known, and how many that were."""

    new: int
    known: int


@dataclass(frozen=True)
class Delivery:
    """Alerts that were received together: from which receiver, when, and how they are known."""

    alerts: Sequence[WebhookAlert]
    receiver: str
    at: datetime
    known_by: str = "told"


def store_alerts(store: Store, feed: IncidentFeed, delivery: Delivery) -> set[IncidentKey]:
    """Write every alert down; the latest notice about an incident is the one that holds.

    Returns the incidents that were not known.
    """
    new: set[IncidentKey] = set()
    for some in batches(delivery.alerts, ALERTS_AT_ONCE):
        part = replace(delivery, alerts=some)
        with store.write() as session:
            take_advisory_lock(session, "alerts")
            changes, added = _store_batch(session, part)
            write_notices(session, changes)
        new |= added
        feed.publish(changes)
    return new


def count_upserts(delivery: Delivery, new: set[IncidentKey]) -> UpsertCounts:
    """How many of a delivery's alerts brought these new incidents, and how many did not."""
    brought = len(new.intersection(map(_incident_key, delivery.alerts)))
    return UpsertCounts(brought, len(delivery.alerts) - brought)


def _store_batch(session: Session, delivery: Delivery) -> tuple[list[IncidentChange], set[IncidentKey]]:
    newest = {_incident_key(notice): notice for notice in delivery.alerts}
    known = read_incidents(session, newest)
    if move_starts(session, [notice for key, notice in newest.items() if key not in known]):
        known = read_incidents(session, newest)
    added = {key: notice for key, notice in newest.items() if key not in known}
    repeated = [(known[key], notice) for key, notice in newest.items() if key in known]
    repeated = [it for it in repeated if not _is_outdated(it[0], delivery)]
    rows = [_values(notice, delivery) for notice in added.values()]
    changes = _started(insert_incidents(session, rows), added.values(), delivery.at)
    changes += update_incidents(session, repeated, delivery.known_by, delivery.at)
    changes += _end_covered(session, newest.values(), delivery)
    record_changes(session, changes, delivery.known_by)
    superseded = _supersede(session, [*added, *_reopened(repeated)], delivery.at)
    record_changes(session, superseded, "superseded")
    withdrawn = _withdraw(session, repeated, delivery)
    started = [(row["severity_group"], row["severity_rank"]) for row in rows if row["status"] == "firing"]
    withdrawn += reopen_milder(session, started, delivery.at)
    return [*changes, *superseded, *withdrawn], set(added)


def _is_outdated(row: Any, delivery: Delivery) -> bool:
    """Whether a poll began before the latest notice: it may have read what no longer holds."""
    since_poll = row.last_received_at - delivery.at
    return delivery.known_by == "reconciled" and -MARGIN < since_poll <= SET_BACK


def _started(ids: Iterable[int], notices: Iterable[WebhookAlert], at: datetime) -> list[IncidentChange]:
    changes = []
    for alert_id, notice in zip(ids, notices, strict=True):
        changes.append(incident_change(alert_id, "started", notice, at))
        if notice.status == "resolved":
            changes.append(incident_change(alert_id, "ended", notice, at))
    return changes


def _reopened(repeated: Iterable[Repeated]) -> Iterator[IncidentKey]:
    for row, notice in repeated:
        if row.status == "resolved" and notice.status == "firing":
            yield _incident_key(notice)


def _withdraw(session: Session, repeated: Iterable[Repeated], delivery: Delivery) -> list[IncidentChange]:
    ids = [row.id for row, notice in repeated if _needs_new_acknowledgement(row, notice)]
    return withdraw_all(session, ids, delivery.at, "it fires again, or is graver")


def _needs_new_acknowledgement(row: Any, notice: WebhookAlert) -> bool:
    """An acknowledgement ends with its incident, and does not cover a graver one."""
    again = row.status == "resolved" and notice.status == "firing"
    return again or severity_rank(alert_severity(notice.labels)) < severity_rank(row.severity)


def _end_covered(
    session: Session, notices: Iterable[WebhookAlert], delivery: Delivery
) -> list[IncidentChange]:
    """End what began within an interval that has ended: a second Prometheus had raised it a moment later."""
    ends = {it.fingerprint: it for it in notices if it.status == "resolved" and it.ended}
    if not ends:
        return []
    covered = [
        (row, ends[row.fingerprint])
        for row in firing_incidents(session, ends)
        if ends[row.fingerprint].starts_at < row.starts_at <= (ends[row.fingerprint].ended or row.starts_at)
    ]
    return update_incidents(session, covered, delivery.known_by, delivery.at)


def _supersede(session: Session, begun: Iterable[IncidentKey], now: datetime) -> list[IncidentChange]:
    """End what fires although the same alert has begun again: its end was not told."""
    ids = [row.id for row in _overtaken(session, {fingerprint for fingerprint, _ in begun})]
    if not ids:
        return []
    newer = aliased(Alert)
    next_start = (
        select(func.min(newer.starts_at))
        .where(newer.fingerprint == Alert.fingerprint, newer.starts_at > Alert.starts_at)
        .scalar_subquery()
    )
    statement = (
        update(Alert)
        .where(Alert.id.in_(ids))
        .values(status="resolved", end_known_by="superseded", ends_at=next_start, suppression="")
        .returning(Alert.id, Alert.name, Alert.severity, Alert.annotations)
        .execution_options(synchronize_session=False)
    )
    return ended(session.execute(statement), now)


def _overtaken(session: Session, fingerprints: Iterable[str]) -> Sequence[Any]:
    """What fires although the same alert has a newer start."""
    newer = (
        "EXISTS (SELECT 1 FROM alerts AS newer"
        " WHERE newer.fingerprint = alerts.fingerprint AND newer.starts_at > alerts.starts_at)"
    )
    wanted = [{"fingerprint": each} for each in fingerprints]
    return find_rows(session.connection(), (Alert.id,), wanted, f"{FIRES} AND {newer}")


def _incident_key(notice: WebhookAlert) -> IncidentKey:
    return notice.fingerprint, notice.starts_at


def _values(notice: WebhookAlert, delivery: Delivery) -> dict[str, Any]:
    return {
        "fingerprint": notice.fingerprint,
        "starts_at": notice.starts_at,
        "ends_at": notice.ended,
        "end_known_by": delivery.known_by if notice.status == "resolved" else None,
        "known_by": delivery.known_by,
        "status": notice.status,
        **label_columns(notice.labels),
        "annotations": dict(notice.annotations),
        "generator_url": notice.generator_url,
        "receiver": delivery.receiver[:COLUMN_LENGTH],
        "first_received_at": delivery.at,
        "last_received_at": delivery.at,
        "notices": 1,
    }
