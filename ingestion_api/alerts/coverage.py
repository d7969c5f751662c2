"""Until when no incident was missed: each poll that succeeds moves it on, and a gap is found.

Alertmanager never tells of an alert that fired and ended before a notice of it could be delivered. So the
time before the start of the service, and around a poll that failed, is a gap as well, however short it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from ingestion_api.alerts.webhook import WebhookAlert
from ingestion_api.store import Store
from ingestion_api.store.tables import AlertCoverage

ROW = 1
WRITE_EVERY = timedelta(seconds=10)
LONGEST_GAP = timedelta(days=7)


@dataclass(frozen=True)
class Gap:
    """A time in which incidents may have been missed, and what Alertmanager knew at its end."""

    since: datetime
    until: datetime
    firing: Mapping[str, datetime]
    labels: Sequence[Mapping[str, str]]


class PollCoverage:
    """Keeps the moment in the database; `shortest_gap` is how long there may be no poll without a gap."""

    def __init__(self, store: Store, shortest_gap: timedelta) -> None:
        self._store = store
        self._shortest = shortest_gap
        self._lock = Lock()
        self._until: datetime | None = None
        self._written: datetime | None = None
        self._gap: Gap | None = None
        self._is_interrupted = True

    @property
    def gap(self) -> Gap | None:
        """The gap that is still to be filled."""
        with self._lock:
            return self._gap

    def interrupt(self) -> None:
        """Note a poll that failed."""
        with self._lock:
            self._is_interrupted = True

    def extend(self, alerts: Sequence[WebhookAlert], began: datetime) -> None:
        """Note a poll that succeeded; the first one, and one after a failure or a long time, leaves a gap."""
        with self._lock:
            if self._until is None:
                self._until = self._written = self._read()
            since = self._gap.since if self._gap else self._until
            is_gap = self._gap is not None or self._is_interrupted
            self._is_interrupted = False
            if since is not None and (is_gap or began - since > self._shortest):
                firing = {it.fingerprint: it.starts_at for it in alerts}
                labels = [it.labels for it in alerts]
                self._gap = Gap(max(since, began - LONGEST_GAP), began, firing, labels)
                return
            self._advance(began)

    def close_gap(self, gap: Gap) -> None:
        """Note that a gap has been filled, or cannot be."""
        with self._lock:
            self._gap = None
            self._advance(gap.until)

    def _advance(self, moment: datetime) -> None:
        self._until = moment
        if self._written is None or moment - self._written >= WRITE_EVERY:
            with self._store.write() as session:
                session.merge(AlertCoverage(id=ROW, until=moment))
            self._written = moment

    def _read(self) -> datetime | None:
        with self._store.read() as session:
            row = session.get(AlertCoverage, ROW)
            return row.until if row else None
