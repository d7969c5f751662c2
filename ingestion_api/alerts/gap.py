"""Fill in from Prometheus' history what fired and ended while the service, or Alertmanager, was away."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from ingestion_api.alerts.events import Event, record_event
from ingestion_api.alerts.feed import IncidentChange, IncidentFeed, summary_of
from ingestion_api.alerts.fingerprint import fingerprint
from ingestion_api.alerts.incident_rows import insert_incidents, label_columns
from ingestion_api.alerts.prometheus_history import PastFiring
from ingestion_api.batching import batches
from ingestion_api.notices.journal import write_notices
from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Alert

AT_ONCE = 200
HISTORY = "history"
MISSED = "It fired while the service or Alertmanager was away; Prometheus' history has it."
SAME_START = timedelta(milliseconds=50)
LATER = timedelta(seconds=1)  # an end that is known less well is corrected from this difference on
_READ = (
    Alert.id, Alert.fingerprint, Alert.starts_at, Alert.ends_at, Alert.status, Alert.end_known_by,
    Alert.name, Alert.severity, Alert.annotations,
)  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """How many incidents were added, and how many ends were found."""

    added: int
    ended: int


@dataclass(frozen=True)
class Known:
    """What else is known while a gap is filled: the starts of what fires, external labels, and now."""

    firing: Mapping[str, datetime]
    external: Mapping[str, str]
    now: datetime


def fill_gap(store: Store, feed: IncidentFeed, past: Sequence[PastFiring], known: Known) -> Filled:
    """Add the intervals that no incident tells of, and correct ends that were found late; idempotent."""
    added = found = 0
    for some in batches(past, AT_ONCE):
        with store.write() as session:
            take_advisory_lock(session, "alerts")
            missing, ended = _compare(session, some, known)
            changes = _end(session, ended, known.now)
            changes += _add(session, missing, known)
            write_notices(session, changes)
        feed.publish(changes)
        added += len(missing)
        found += len(ended)
    return Filled(added, found)


def _compare(
    session: Session, past: Sequence[PastFiring], known: Known
) -> tuple[list[tuple[str, PastFiring]], list[tuple[Any, datetime]]]:
    """The intervals without an incident, and the incidents whose end is known better now."""
    named = [(fingerprint({**it.labels, **known.external}), it) for it in past]
    rows = _rows(session, named)
    missing: list[tuple[str, PastFiring]] = []
    ended: dict[int, tuple[Any, datetime]] = {}
    for name, it in named:
        row = _incident_of(rows.get(name, ()), it, ended)
        if row is None:
            missing.append((name, it))
        elif _is_better_end(row, it.end, known.firing.get(name)):
            ended[row.id] = (row, it.end)
    return missing, [*ended.values()]


def _rows(session: Session, named: Sequence[tuple[str, PastFiring]]) -> dict[str, list[Any]]:
    since, until = min(it.start for _, it in named), max(it.end for _, it in named)
    query = select(*_READ).where(
        Alert.fingerprint.in_({name for name, _ in named}),
        Alert.starts_at <= until + SAME_START,
        or_(Alert.ends_at.is_(None), Alert.ends_at >= since - SAME_START),
    )
    found: dict[str, list[Any]] = {}
    for row in session.execute(query.order_by(Alert.starts_at)):
        found.setdefault(row.fingerprint, []).append(row)
    return found


def _incident_of(
    rows: Iterable[Any], it: PastFiring, ended: Mapping[int, tuple[Any, datetime]]
) -> Any | None:
    """The incident that tells of an interval: of the same start, or the latest that overlaps it.

    One that has just been found to have `ended` is not that which began later.
    """
    overlapping = None
    for row in rows:
        end = ended[row.id][1] if row.id in ended else row.ends_at
        if abs(row.starts_at - it.start) <= SAME_START:
            return row
        if row.starts_at < it.end and (end is None or end > it.start):
            overlapping = row
    return overlapping


def _is_better_end(row: Any, end: datetime, firing_since: datetime | None) -> bool:
    if end <= row.starts_at:
        return False
    if row.status == "firing":
        # what Alertmanager knows from this start on goes on
        return firing_since is None or firing_since > end
    found_late = row.end_known_by in ("reconciled", "superseded")
    return found_late and row.ends_at is not None and row.ends_at > end + LATER


def _end(session: Session, ended: Iterable[tuple[Any, datetime]], now: datetime) -> list[IncidentChange]:
    changes = []
    for row, end in ended:
        values: dict[str, Any] = {"status": "resolved", "ends_at": end, "end_known_by": HISTORY}
        session.execute(update(Alert).where(Alert.id == row.id).values(**values, suppression=""))
        record_event(session, [row.id], Event("ended", end, note=HISTORY))
        if row.status == "firing":
            changes.append(IncidentChange(row.id, "ended", now, row.name, row.severity, summary_of(row)))
    return changes


def _add(session: Session, missing: Sequence[tuple[str, PastFiring]], known: Known) -> list[IncidentChange]:
    """Write incidents; of each only the end is told, as nobody needs to be called for its start any more."""
    values = [_values(name, it, known) for name, it in missing]
    ids = insert_incidents(session, values)
    for alert_id, (_, it) in zip(ids, missing, strict=True):
        record_event(session, [alert_id], Event("started", it.start, note=HISTORY))
        record_event(session, [alert_id], Event("ended", it.end, note=HISTORY))
    return [
        IncidentChange(alert_id, "ended", it["ends_at"], it["name"], it["severity"], MISSED)
        for alert_id, it in zip(ids, values, strict=True)
    ]


def _values(name: str, it: PastFiring, known: Known) -> dict[str, Any]:
    return {
        "fingerprint": name,
        "starts_at": it.start,
        "ends_at": it.end,
        "status": "resolved",
        "known_by": HISTORY,
        "end_known_by": HISTORY,
        **label_columns({**it.labels, **known.external}),
        # Prometheus keeps no texts of past alerts
        "annotations": {},
        "generator_url": "",
        "receiver": "",
        "first_received_at": known.now,
        "last_received_at": known.now,
        "notices": 0,
    }
