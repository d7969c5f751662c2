"""A backtest as a drawing: one bar for each level, with the intervals in which its alert would have fired."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion_api.backtest.backtest import BacktestResult, Firing, SeverityCount, moment_of
from ingestion_api.backtest.history import DAYS, SPAN

WIDTH = 700
BAR, GAP = 18, 10
# an interval of a second must be seen on seven days
NARROWEST = 2.0
MAX_ROWS = 20


@dataclass(frozen=True)
class Lane:
    """One bar: what it stands for, and the left edge and width of each of its marks."""

    words: str
    severity: str
    wanted: bool
    top: int
    marks: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class FiringRow:
    """One line of the table: what would have fired with the levels that were tried."""

    severity: str
    about: str
    start: datetime
    seconds: float


@dataclass(frozen=True)
class BacktestChart:
    """The drawing, its height, the days below it, the newest firings, and how many there are in all."""

    result: BacktestResult
    lanes: Sequence[Lane]
    height: int
    days: Sequence[tuple[float, str]]
    rows: Sequence[FiringRow]
    firings: int
    known_since: datetime | None
    unknown_width: float


def make_chart(result: BacktestResult) -> BacktestChart:
    """Draw a backtest."""
    pairs = [
        (count, wanted)
        for new, old in [*zip(result.wanted, result.in_force, strict=True)][::-1]
        for count, wanted in ((old, False), (new, True))
    ]
    lanes = [_lane(count, wanted, at, result.until) for at, (count, wanted) in enumerate(pairs)]
    rows = sorted(_rows(result.wanted), key=lambda row: row.start, reverse=True)
    known = result.known_since
    return BacktestChart(
        result, lanes, len(lanes) * (BAR + GAP) + 20, _days(result.until), rows[:MAX_ROWS], len(rows),
        None if known is None else moment_of(known),
        WIDTH if known is None else max(0.0, round(_x(known, result.until), 1)),
    )  # fmt: skip


def _lane(count: SeverityCount, wanted: bool, at: int, until: float) -> Lane:
    words = f"{count.severity}, {'with these levels' if wanted else 'as now'}: {count.times}"
    return Lane(words, count.severity, wanted, at * (BAR + GAP), [*_marks(count.firings, until)])


def _marks(firings: Sequence[Firing], until: float) -> Iterator[tuple[float, float]]:
    """Marks that would overlap are one, so that a page has no more of them than pixels."""
    left = right = -1.0
    for it in firings:
        start, end = max(0.0, _x(it.start, until)), _x(it.end, until)
        end = max(end, start + NARROWEST)
        if start <= right + 0.5:
            right = max(right, end)
            continue
        if right > 0:
            yield round(left, 1), round(right - left, 1)
        left, right = start, end
    if right > 0:
        yield round(left, 1), round(right - left, 1)


def _x(moment: float, until: float) -> float:
    return WIDTH * (1 - (until - moment) / SPAN)


def _days(until: float) -> list[tuple[float, str]]:
    """Midnight of each day in UTC: where it is, and its date."""
    last = moment_of(until).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [last - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return [(round(_x(day.timestamp(), until), 1), f"{day:%d %b}") for day in days]


def _rows(counts: Sequence[SeverityCount]) -> Iterator[FiringRow]:
    for count in counts:
        for it in count.firings:
            about = ", ".join(it.labels.values())
            yield FiringRow(count.severity, about, moment_of(it.start), it.end - it.start)
