"""Keep with an incident what Prometheus recorded: value and level at the start, the worst, disagreements."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import and_, or_, select, update

from ingestion_api.alerts.signal_timeline import RECORDED_EVERY, SignalTimeline, Subject, read_timeline
from ingestion_api.errors import Unavailable
from ingestion_api.prometheus_api import Floats, PrometheusApi
from ingestion_api.signals import Signal
from ingestion_api.store import Store
from ingestion_api.store.tables import Alert

AT_ONCE = 20
TRIES = 3
RECORDED = timedelta(seconds=RECORDED_EVERY + 5)  # after which the value of a moment has been recorded
OLDEST = timedelta(days=1)  # of an incident whose evidence is still read
_READ = (
    Alert.id, Alert.signal, Alert.severity, Alert.labels, Alert.starts_at, Alert.ends_at, Alert.status,
)  # fmt: skip


class EvidenceReader:
    """Reads the evidence of a few incidents at a time, the oldest first.

    `failed` counts by incident how often Prometheus answered others and not its query.
    """

    def __init__(self, store: Store, api: PrometheusApi, failed: Counter[int] | None = None) -> None:
        self._store = store
        self._api = api
        self._failed = Counter() if failed is None else failed

    def read_some(self, signals: Mapping[str, Signal], now: datetime) -> bool:
        """Read that of the next incidents; whether there may be more. Unavailable with the reason."""
        self._give_up(signals, now)
        rows, problem = self._next(now), None
        for row in rows:
            try:
                self._read(row, signals[row.signal], now)
            except Unavailable as error:
                # Unavailable as well where it is away: then it is no fault of this incident
                self._api.ahead()
                self._count_failure(row)
                problem = error
        if problem is not None:
            raise problem
        return len(rows) == AT_ONCE

    def _read(self, row: Any, signal: Signal, now: datetime) -> None:
        # the worst is read once it has ended; whoever tells of an end may name one to come
        has_ended = row.status == "resolved" and row.ends_at and row.ends_at < now - RECORDED
        end = row.ends_at if has_ended else None
        until = end or row.starts_at
        timeline = read_timeline(
            self._api, Subject(row.signal, signal, row.labels), row.starts_at, until + RECORDED
        )
        self._keep(row, _values(timeline, row, signal, has_ended=end is not None))

    def _count_failure(self, row: Any) -> None:
        """Read it no more after a few failures, so that it holds up no other for good."""
        self._failed[row.id] += 1
        if self._failed[row.id] >= TRIES:
            del self._failed[row.id]
            self._keep(row, {"evidence": "none"})

    def _next(self, now: datetime) -> Sequence[Any]:
        ended = and_(Alert.status == "resolved", Alert.ends_at < now - RECORDED)
        query = select(*_READ).where(
            or_(
                and_(Alert.evidence == "pending", Alert.starts_at < now - RECORDED),
                and_(Alert.evidence == "start", ended),
            )
        )
        with self._store.read() as session:
            return session.execute(query.order_by(Alert.id).limit(AT_ONCE)).all()

    def _give_up(self, signals: Mapping[str, Signal], now: datetime) -> None:
        """Read nothing of what has no signal, and nothing that is old."""
        old = and_(Alert.starts_at < now - OLDEST, Alert.evidence == "pending")
        without = and_(Alert.signal.not_in(signals), Alert.evidence.in_(("pending", "start")))
        with self._store.read() as session:
            found = session.scalars(select(Alert.id).where(or_(old, without)).limit(500)).all()
        if found:
            with self._store.write() as session:
                session.execute(update(Alert).where(Alert.id.in_(found)).values(evidence="none"))

    def _keep(self, row: Any, values: Mapping[str, Any]) -> None:
        with self._store.write() as session:
            # it may have been opened again meanwhile: then its worst is read later
            session.execute(
                update(Alert).where(Alert.id == row.id, Alert.status == row.status).values(**values)
            )


def _values(timeline: SignalTimeline, row: Any, signal: Signal, *, has_ended: bool) -> dict[str, Any]:
    start = row.starts_at.timestamp()
    found = {
        "evidence": "done" if has_ended else "start",
        "value_at_start": value_at_start(timeline, start, signal),
        "disagreements": {
            subject: [reported, observed]
            for (subject, reported, observed), times in timeline.disagreements.items()
            if times.size and times[0] <= start + RECORDED_EVERY
        },
    }
    level = timeline.levels.get(row.severity)
    if level is not None:
        found["level_at_start"] = _first(level.times, level.values)
    worst = timeline.worst(signal.direction)
    if has_ended and worst is not None:
        moment = datetime.fromtimestamp(min(worst[1], row.ends_at.timestamp()), UTC)
        found |= {"worst_value": worst[0], "worst_at": max(moment, row.starts_at)}
    return found


def value_at_start(timeline: SignalTimeline, start: float, signal: Signal) -> float | None:
    """The value that raised the alert: of a fast signal it is recorded within 15 s after the start."""
    begin = start + RECORDED_EVERY if signal.lane == "fast" else start
    since = timeline.times >= begin - 0.5
    return _first(timeline.times[since], timeline.values[since])


def _first(times: Floats, values: Floats) -> float | None:
    """The first value that is a number."""
    known = np.flatnonzero(np.isfinite(values))
    return float(values[known[0]]) if times.size and known.size else None
