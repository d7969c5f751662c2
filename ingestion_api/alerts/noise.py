"""How noisy each alert was, week by week; what nobody acted on comes first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ingestion_api.service import Service
from ingestion_api.store.tables import Alert

# an incident that begins so soon after the end of its predecessor flaps
FLAPPING = timedelta(minutes=10)
MAX_WEEKS = 52
BATCH = 1000
COLUMNS = ("week", "alert", "severity", "times", "minutes", "acknowledged", "shortest_seconds", "flapping")


@dataclass(frozen=True)
class Incident:
    """What the report needs to know of an incident; `end` is None while it fires."""

    fingerprint: str
    name: str
    severity: str
    start: datetime
    end: datetime | None
    acknowledged: bool


@dataclass
class AlertNoise:
    """One alert in one week, which begins on Monday in UTC.

    Times are incidents that began in it; minutes are those of the week, of earlier incidents too."""

    week: datetime
    alert: str
    severity: str
    times: int = 0
    minutes: float = 0.0
    acknowledged: int = 0
    flapping: int = 0
    durations: list[float] = field(default_factory=list)

    @property
    def ignored(self) -> bool:
        """Whether it fired and nobody acted on it."""
        return self.times > 0 and self.acknowledged == 0

    @property
    def shortest(self) -> float | None:
        """The shortest incident that has ended, in seconds."""
        return min(self.durations, default=None)


def read_noise_report(service: Service, weeks: int) -> list[AlertNoise]:
    """The report as of now."""
    with service.store.read(streams=True) as session:
        return noise_report(session, service.clock(), weeks)


def noise_report(session: Session, now: datetime, weeks: int) -> list[AlertNoise]:
    """Weeks, the newest first; within a week what nobody acted on, then the most often."""
    first = week_of(now) - timedelta(weeks=weeks - 1)
    rows = _count(_incidents(session, first), first, now)
    return sorted(
        rows, key=lambda it: (-it.week.timestamp(), not it.ignored, -it.times, -it.minutes, it.alert)
    )


def week_of(moment: datetime) -> datetime:
    """The Monday of a moment, in UTC."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def _incidents(session: Session, first: datetime) -> Iterator[Incident]:
    """The incidents that fired since then, each fingerprint's in order."""
    columns = (
        Alert.fingerprint, Alert.name, Alert.severity, Alert.starts_at, Alert.ends_at, Alert.acknowledged_at,
    )  # fmt: skip
    query = select(*columns).where(or_(Alert.ends_at.is_(None), Alert.ends_at >= first))
    for row in session.execute(query.order_by(Alert.fingerprint, Alert.starts_at)).yield_per(BATCH):
        yield Incident(*row[:5], acknowledged=row[5] is not None)


def _count(incidents: Iterable[Incident], first: datetime, now: datetime) -> Sequence[AlertNoise]:
    found: dict[tuple[datetime, str, str], AlertNoise] = {}
    before: Incident | None = None
    for it in incidents:
        for week, minutes in _minutes_by_week(it, first, now):
            key = (week, it.name, it.severity)
            found.setdefault(key, AlertNoise(*key)).minutes += minutes
        if it.start >= first:
            key = (week_of(it.start), it.name, it.severity)
            _add(found.setdefault(key, AlertNoise(*key)), it, before)
        before = it
    return [*found.values()]


def _add(row: AlertNoise, it: Incident, before: Incident | None) -> None:
    row.times += 1
    row.acknowledged += it.acknowledged
    if it.end is not None:
        row.durations.append((it.end - it.start).total_seconds())
    if before and before.fingerprint == it.fingerprint and before.end is not None:
        row.flapping += it.start - before.end < FLAPPING


def _minutes_by_week(it: Incident, first: datetime, now: datetime) -> Iterator[tuple[datetime, float]]:
    start, end = max(it.start, first), min(it.end or now, now)
    while start < end:
        week = week_of(start)
        until = min(end, week + timedelta(weeks=1))
        yield week, (until - start).total_seconds() / 60
        start = until


def csv_rows(report: Iterable[AlertNoise]) -> Iterator[Sequence[object]]:
    """The report as a table, its heading first."""
    yield COLUMNS
    for it in report:
        shortest = "" if it.shortest is None else round(it.shortest, 1)
        numbers = (it.times, round(it.minutes, 1), it.acknowledged, shortest, it.flapping)
        yield (f"{it.week:%Y-%m-%d}", it.alert, it.severity, *numbers)
