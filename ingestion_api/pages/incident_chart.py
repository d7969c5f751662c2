"""The timeline of an incident as a drawing: its value against the levels, and what was reported beside it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby

import numpy as np

from ingestion_api.alerts.signal_timeline import SignalTimeline, step_of
from ingestion_api.pages.formatting import format_value
from ingestion_api.prometheus_api import Floats
from ingestion_api.signals import Signal
from ingestion_api.store.tables import Alert

WIDTH = 700
TOP, PLOT, AXIS = 14, 170, 24
LANE, GAP = 18, 8
WORDS = 15  # height of the words of a line
MAX_LANES = 6
MAX_ROWS = 16
TIMES = 4  # labels of the time axis


@dataclass(frozen=True)
class Line:
    """One line: the parts of it between gaps, what it stands for, and where its words are."""

    style: str
    parts: Sequence[str]
    words: str
    top: float


@dataclass(frozen=True)
class ReportLane:
    """A self-report that disagreed: when, as left edges and widths."""

    words: str
    top: float
    marks: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Row:
    """One line of the table: the worst value from a moment on, and the level of the alert then."""

    at: datetime
    value: str
    level: str
    beyond: bool


@dataclass(frozen=True)
class IncidentChart:
    """The drawing: its height, the incident as left edge and width, lines, lanes, and labels of the axes."""

    height: float
    fired: tuple[float, float]
    lines: Sequence[Line]
    lanes: Sequence[ReportLane]
    times: Sequence[tuple[float, str]]
    values: Sequence[tuple[float, str]]
    rows: Sequence[Row]
    sentence: str


@dataclass(frozen=True)
class _Frame:
    since: float
    until: float
    least: float
    greatest: float

    def x(self, moment: float) -> float:
        return round(WIDTH * (moment - self.since) / (self.until - self.since), 1)

    def y(self, value: float) -> float:
        return round(TOP + PLOT * (self.greatest - value) / (self.greatest - self.least), 1)


def make_chart(
    alert: Alert, signal: Signal, timeline: SignalTimeline, span: tuple[datetime, datetime]
) -> IncidentChart | None:
    """Draw a timeline; None where Prometheus has no value of it."""
    if not np.isfinite(timeline.values).any():
        return None
    frame = _frame(timeline, span)
    lanes = [*_lanes(timeline, frame)]
    lines = [*_spread(_levels(timeline, signal, frame)), _value(timeline, frame)]
    rows = [*_rows(alert, signal, timeline)]
    end = alert.ends_at.timestamp() if alert.ends_at else frame.until
    left = frame.x(alert.starts_at.timestamp())
    return IncidentChart(
        TOP + PLOT + len(lanes) * (LANE + GAP) + AXIS,
        (left, max(2.0, round(frame.x(min(end, frame.until)) - left, 1))),
        lines,
        lanes,
        [*_times(frame)],
        [(frame.y(it), format_value(_rounded(it), signal.unit)) for it in (frame.greatest, frame.least)],
        rows,
        _sentence(signal, timeline),
    )


def _frame(timeline: SignalTimeline, span: tuple[datetime, datetime]) -> _Frame:
    """The frame of all values and levels; a line at its edge is still seen."""
    known = timeline.values[np.isfinite(timeline.values)]
    levels = [level for it in timeline.levels.values() for level in it.values.tolist()]
    least, greatest = min(0.0, float(known.min()), *levels), max(float(known.max()), *levels, 0.0)
    if greatest == least:
        greatest = least + 1
    greatest += 0.05 * (greatest - least)
    return _Frame(span[0].timestamp(), span[1].timestamp(), least, greatest)


def _value(timeline: SignalTimeline, frame: _Frame) -> Line:
    step = step_of(frame.until - frame.since)
    parts = []
    known = np.isfinite(timeline.values)
    times, values = timeline.times[known], timeline.values[known]
    for part in np.split(np.arange(times.size), np.flatnonzero(np.diff(times) > 2.5 * step) + 1):
        drawn = [f"{frame.x(float(times[at]))},{frame.y(float(values[at]))}" for at in part]
        # a single point has no line: it gets the width of its step
        parts.append(" ".join(drawn if len(drawn) > 1 else [*drawn, _beside(drawn[0])]))
    return Line("value", parts, "", 0.0)


def _beside(point: str) -> str:
    x, _, y = point.partition(",")
    return f"{float(x) + 2:g},{y}"


def _levels(timeline: SignalTimeline, signal: Signal, frame: _Frame) -> Iterator[Line]:
    for severity, it in sorted(timeline.levels.items()):
        if not it.values.size:
            continue
        points: list[str] = []
        for moment, value in zip(it.times.tolist(), it.values.tolist(), strict=True):
            y = frame.y(value)
            if points and not points[-1].endswith(f",{y}"):
                points.append(f"{frame.x(moment)},{points[-1].partition(',')[2]}")
            points.append(f"{frame.x(moment)},{y}")
        words = f"{severity} {format_value(float(it.values[-1]), signal.unit)}"
        yield Line(f"level-{severity}", [" ".join(points)], words, frame.y(float(it.values[-1])))


def _spread(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines of levels from the top; the words of close ones stand below each other."""
    free = 0.0
    for line in sorted(lines, key=lambda it: it.top):
        top = max(line.top, free)
        free = top + WORDS
        yield replace(line, top=top)


def _lanes(timeline: SignalTimeline, frame: _Frame) -> Iterator[ReportLane]:
    step = step_of(frame.until - frame.since)
    for number, ((subject, reported, observed), times) in enumerate(
        [*timeline.disagreements.items()][:MAX_LANES]
    ):
        words = f"{subject}: reported {reported}, observed {observed}"
        top = TOP + PLOT + GAP + number * (LANE + GAP)
        yield ReportLane(words, top, [*_marks(times, step, frame)])


def _marks(times: Floats, step: int, frame: _Frame) -> Iterator[tuple[float, float]]:
    for part in np.split(times, np.flatnonzero(np.diff(times) > 1.5 * step) + 1):
        if part.size:
            left, right = max(0.0, frame.x(part[0] - step)), min(WIDTH, frame.x(part[-1]))
            yield left, max(2.0, round(right - left, 1))


def _times(frame: _Frame) -> Iterator[tuple[float, str]]:
    days = frame.until - frame.since > 86_400
    for number in range(TIMES):
        moment = frame.since + (frame.until - frame.since) * number / TIMES
        at = datetime.fromtimestamp(moment, UTC)
        yield frame.x(moment), f"{at:%d %b %H:%M}" if days else f"{at:%H:%M:%S}"


def _rows(alert: Alert, signal: Signal, timeline: SignalTimeline) -> Iterator[Row]:
    """The worst value of each part of the time, so that the table is short."""
    known = np.isfinite(timeline.values)
    times, values = timeline.times[known], timeline.values[known]
    level = timeline.levels.get(alert.severity)
    above = signal.direction == "above"
    for part in np.array_split(np.arange(times.size), min(MAX_ROWS, times.size)):
        worst = float(values[part].max() if above else values[part].min())
        limit = _at(level.times, level.values, float(times[part[0]])) if level is not None else None
        yield Row(
            datetime.fromtimestamp(float(times[part[0]]), UTC),
            format_value(_rounded(worst), signal.unit),
            "" if limit is None else format_value(limit, signal.unit),
            limit is not None and (worst > limit if above else worst < limit),
        )


def _at(times: Floats, values: Floats, moment: float) -> float | None:
    at = int(np.searchsorted(times, moment, side="right")) - 1
    return float(values[max(at, 0)]) if values.size else None


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _sentence(signal: Signal, timeline: SignalTimeline) -> str:
    worst = timeline.worst(signal.direction)
    words = f"The worst value is {format_value(_rounded(worst[0]), signal.unit)}" if worst else "No value"
    levels = [
        f"{severity} {_changes(it.values, signal)}"
        for severity, it in sorted(timeline.levels.items())
        if it.values.size
    ]
    return f"{words}; levels: {', '.join(levels) or 'none in force'}."


def _changes(levels: Floats, signal: Signal) -> str:
    """A level, or all that were in force one after the other."""
    return ", then ".join(format_value(level, signal.unit) for level, _ in groupby(levels.tolist()))
