"""Compare the incidents with what Alertmanager knows: it does not tell of the end of a suppressed alert."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, literal, select, update

from ingestion_api.alerts.alertmanager_api import AlertmanagerState, KnownAlert
from ingestion_api.alerts.events import Event, record_changes, record_event
from ingestion_api.alerts.feed import IncidentFeed, ended
from ingestion_api.alerts.store import MARGIN, SET_BACK, Delivery, store_alerts
from ingestion_api.batching import batches
from ingestion_api.notices.journal import write_notices
from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Alert

AT_ONCE = 500
START_MARGIN = timedelta(seconds=0.3)  # what was told so soon after the start may be older

_READ = (Alert.id, Alert.fingerprint, Alert.starts_at, Alert.suppression, Alert.last_received_at)


class Reconciler:
    """Ends what two polls in a row no longer know; what a poll knows and nobody told is added.

    Alertmanager forgets its alerts when it restarts. An incident that was told before its start ends only
    once Prometheus has had the time to send its alerts again, which is `settling` from that start.
    """

    def __init__(self, store: Store, feed: IncidentFeed, settling: timedelta = timedelta(minutes=5)) -> None:
        self._store = store
        self._feed = feed
        self._settling = settling
        self._missing: frozenset[int] = frozenset()

    @property
    def has_missing(self) -> bool:
        """Whether something was missing for the first time, so that the next poll should come soon."""
        return bool(self._missing)

    def reconcile(self, state: AlertmanagerState, began: datetime) -> None:
        """Apply one poll, which began at this moment."""
        known = {each.notice.fingerprint: each for each in state.alerts}
        firing = self._add_missed(state, began)
        self._mark(firing, known, began)
        missing = frozenset(
            row.id
            for row in firing
            if row.fingerprint not in known
            and row.fingerprint not in state.unread
            and self._can_be_judged(row, state.uptime, began)
        )
        self._end(missing & self._missing, began)
        self._missing = missing - self._missing

    def _firing(self) -> Sequence[Any]:
        with self._store.read() as session:
            return session.execute(select(*_READ).where(Alert.status == "firing")).all()

    def _add_missed(self, state: AlertmanagerState, began: datetime) -> Sequence[Any]:
        """Add what was never told of: suppressed from its start, or its call lost. Returns all that fires."""
        firing = self._firing()
        starts = {row.fingerprint: row.starts_at for row in firing}
        # a later start is another incident: the end of the one before was not told
        missed = [
            it.notice
            for it in state.alerts
            if it.notice.fingerprint not in starts or starts[it.notice.fingerprint] < it.notice.starts_at
        ]
        if not missed:
            return firing
        store_alerts(self._store, self._feed, Delivery(missed, "", began, "reconciled"))
        return self._firing()

    def _mark(self, firing: Iterable[Any], known: Mapping[str, KnownAlert], began: datetime) -> None:
        changed: dict[str, list[int]] = {}
        for alert in firing:
            each = known.get(alert.fingerprint)
            if each is not None and each.suppression != alert.suppression:
                changed.setdefault(each.suppression, []).append(alert.id)
        for suppression, ids in changed.items():
            was = {f"was_{suppression}": True} if suppression else {}
            for some in batches(ids, AT_ONCE):
                with self._store.write() as session:
                    # it may have ended since it was read
                    one_of = update(Alert).where(Alert.id.in_(some), Alert.status == "firing")
                    marked = session.scalars(
                        one_of.values(suppression=suppression, **was)
                        .returning(Alert.id)
                        .execution_options(synchronize_session=False)
                    ).all()
                    record_event(session, marked, Event(suppression or "not suppressed", began))

    def _end(self, ids: Iterable[int], began: datetime) -> None:
        for some in batches(sorted(ids), AT_ONCE):
            with self._store.write() as session:
                take_advisory_lock(session, "alerts")
                statement = (
                    update(Alert)
                    # not what was told of again while the poll went on
                    .where(Alert.id.in_(some), Alert.status == "firing", ~_told_since(began))
                    .values(status="resolved", ends_at=_end(began), end_known_by="reconciled", suppression="")
                    .returning(Alert.id, Alert.name, Alert.severity, Alert.annotations)
                    .execution_options(synchronize_session=False)
                )
                changes = ended(session.execute(statement), began)
                record_changes(session, changes, "reconciled")
                write_notices(session, changes)
            self._feed.publish(changes)

    def _can_be_judged(self, row: Any, uptime: timedelta, began: datetime) -> bool:
        if row.last_received_at > began + SET_BACK:
            return uptime > self._settling
        if row.last_received_at > began - MARGIN:
            return False
        return row.last_received_at > began - uptime + START_MARGIN or uptime > self._settling


def _told_since(began: datetime) -> ColumnElement[bool]:
    told = Alert.last_received_at
    return and_(told >= began - MARGIN, told <= began + SET_BACK)


def _end(began: datetime) -> ColumnElement[datetime]:
    """The moment of the poll, or the start where the clock that wrote it is ahead of ours."""
    return case((Alert.starts_at > began, Alert.starts_at), else_=literal(began, Alert.starts_at.type))
