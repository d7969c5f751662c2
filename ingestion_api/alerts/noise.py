"""How noisy each alert was, week by week; what nobody acted on comes first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from ingestion_api.cached_value import CachedValue
from ingestion_api.clock import Clock
from ingestion_api.store import Store
from ingestion_api.store.tables import Alert
from ingestion_api.store.tables.expressions import microseconds_between

# an incident that begins so soon after the end of its predecessor flaps
FLAPPING = timedelta(minutes=10)
USUAL_WEEKS, MAX_WEEKS = 4, 52
KEPT = 600.0  # seconds for which a costly report serves those who ask while a newer one is computed
COLUMNS = ("week", "alert", "severity", "times", "minutes", "acknowledged", "shortest_seconds", "flapping")
_EARLIER = -1  # the number of the weeks before the report
_MICROSECOND = timedelta(microseconds=1)


@dataclass
class AlertNoise:
    """One alert in one week, which begins on Monday in UTC.

    Times are incidents that began in it; minutes are those of the week, of earlier incidents too; `shortest`
    is the shortest of them that has ended, in seconds."""

    week: datetime
    alert: str
    severity: str
    times: int = 0
    minutes: float = 0.0
    acknowledged: int = 0
    flapping: int = 0
    shortest: float | None = None

    @property
    def ignored(self) -> bool:
        """Whether it fired and nobody acted on it."""
        return self.times > 0 and self.acknowledged == 0


class NoiseReports:
    """The report of each number of weeks; a costly one may be ten minutes old while a newer is computed."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._cached = [CachedValue[Sequence[AlertNoise]](kept=KEPT) for _ in range(MAX_WEEKS + 1)]

    def read(self, weeks: int) -> Sequence[AlertNoise]:
        """The report of this week and those before, `weeks` in all; raises the database's errors."""
        return self._cached[weeks].get(lambda: self._compute(weeks))

    def _compute(self, weeks: int) -> Sequence[AlertNoise]:
        with self._store.read() as session:
            return noise_report(session, self._clock(), weeks)


def noise_report(session: Session, now: datetime, weeks: int) -> list[AlertNoise]:
    """Weeks, the newest first; within a week what nobody acted on, then the most often."""
    # the last one is that of incidents whose start is told before its time
    mondays = [week_of(now) + timedelta(weeks=number) for number in range(1 - weeks, 2)]
    found: dict[tuple[datetime, str, str], AlertNoise] = {}
    for sums in session.execute(_sums(mondays, now)):
        if sums.week != _EARLIER:
            _add(_row(found, mondays[sums.week], sums), sums)
        for week, minutes in _minutes_by_week(sums, mondays, now):
            _row(found, week, sums).minutes += minutes
    for flapping in session.execute(_flapping(mondays)):
        _row(found, mondays[flapping.week], flapping).flapping = flapping.times
    rows = found.values()
    return sorted(
        rows,
        key=lambda it: (-it.week.timestamp(), not it.ignored, -it.times, -it.minutes, it.alert, it.severity),
    )


def week_of(moment: datetime) -> datetime:
    """The Monday of a moment, in UTC."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def _sums(mondays: Sequence[datetime], now: datetime) -> Select[Any]:
    """The sums of incidents that lie within one week; any other stands alone, so that it can be divided."""
    start, end, week = Alert.starts_at, Alert.ends_at, _week(Alert.starts_at, mondays).label("week")
    lies_within = and_(end <= now, end >= start, week.element == _week(end, mondays))
    alone = case((lies_within, None), else_=Alert.id).label("alone")
    duration = microseconds_between(end, start)
    sums = select(
        week, Alert.name, Alert.severity, alone,
        func.min(start).label("start"), func.max(end).label("end"),
        func.count().label("times"), func.count(Alert.acknowledged_at).label("acknowledged"),
        func.sum(duration).label("duration"), func.min(duration).label("shortest"),
    )  # fmt: skip
    return sums.where(_fired_since(mondays[0])).group_by(week, Alert.name, Alert.severity, alone)


def _flapping(mondays: Sequence[datetime]) -> Select[int, str, str, int]:
    """How many incidents began soon after the one before; its own query sorts few columns."""
    end_before = func.lag(Alert.ends_at).over(partition_by=Alert.fingerprint, order_by=Alert.starts_at)
    columns = (Alert.id, Alert.starts_at, end_before.label("end_before"))
    each = select(*columns).where(_fired_since(mondays[0])).subquery().c
    flaps = microseconds_between(each.starts_at, each.end_before) < FLAPPING // _MICROSECOND
    week = _week(each.starts_at, mondays).label("week")
    query = select(week, Alert.name, Alert.severity, func.count().label("times"))
    query = query.join_from(each.id.table, Alert, Alert.id == each.id)
    return query.where(each.starts_at >= mondays[0], flaps).group_by(week, Alert.name, Alert.severity)


def _fired_since(moment: datetime) -> ColumnElement[bool]:
    return or_(Alert.ends_at.is_(None), Alert.ends_at >= moment)


def _week(moment: Any, mondays: Sequence[datetime]) -> ColumnElement[int]:
    """The number of the Monday before a moment: quicker than any function of dates."""
    newest_first = reversed([*enumerate(mondays)])
    return case(*((moment >= monday, number) for number, monday in newest_first), else_=_EARLIER)


def _row(found: dict[tuple[datetime, str, str], AlertNoise], week: datetime, sums: Any) -> AlertNoise:
    key = (week, sums.name, sums.severity)
    return found.setdefault(key, AlertNoise(*key))


def _add(row: AlertNoise, sums: Any) -> None:
    row.times += sums.times
    row.acknowledged += sums.acknowledged
    if sums.shortest is not None:
        seconds = sums.shortest * _MICROSECOND / timedelta(seconds=1)
        row.shortest = seconds if row.shortest is None else min(row.shortest, seconds)


def _minutes_by_week(
    sums: Any, mondays: Sequence[datetime], now: datetime
) -> Iterator[tuple[datetime, float]]:
    if sums.alone is None:
        yield mondays[sums.week], int(sums.duration) * _MICROSECOND / timedelta(minutes=1)
        return
    start, end = max(sums.start, mondays[0]), min(sums.end or now, now)
    while start < end:
        week = week_of(start)
        until = min(end, week + timedelta(weeks=1))
        yield week, (until - start) / timedelta(minutes=1)
        start = until


def csv_rows(report: Iterable[AlertNoise]) -> Iterator[Sequence[object]]:
    """The report as a table, its heading first."""
    yield COLUMNS
    for it in report:
        shortest = "" if it.shortest is None else round(it.shortest, 1)
        numbers = (it.times, round(it.minutes, 1), it.acknowledged, shortest, it.flapping)
        yield (f"{it.week:%Y-%m-%d}", it.alert, it.severity, *numbers)
