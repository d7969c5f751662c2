"""Anomalies from the scores of rows: when one begins, its grade and direction, and when it ends."""

from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from exporter.anomaly.parameters import Parameters

UP, DOWN, NEITHER = 1, -1, 0
USUAL, UNUSUAL, STRONG = 0, 1, 2
WILD_ANOMALIES = 3  # anomalies from which a series counts as wild
USUAL_PEAKS = 2  # anomalies that went as far, from which going there is no strong anomaly
MAX_PEAKS = 32  # that are kept
BELOW_STRONG = 0.01  # than strong
MAX_SCORE = 100.0  # scores are limited to this


class ScoredRow(NamedTuple):
    """One row: its number and time, how far above and below the usual range, in ranges, and its band."""

    number: int
    time: float
    value: float
    above: float
    below: float
    lower: float
    upper: float
    still: float  # the grade of a flatline that has just become too long


class RowScore(NamedTuple):
    """A row's score, of which 1 begins an anomaly, and the grade and direction of its anomaly."""

    score: float
    grade: int
    direction: int


NO_ANOMALY = RowScore(0.0, USUAL, NEITHER)


@dataclass(slots=True)
class Peak:
    """How far an anomaly went, in which direction, and the row in which it began."""

    number: int
    direction: int
    value: float

    def reach(self, value: float) -> None:
        """Keep the farther value."""
        self.value = max(self.value, value) if self.direction == UP else min(self.value, value)

    def is_as_far(self, direction: int, value: float) -> bool:
        """Whether it went as far as this value in this direction."""
        return direction == self.direction and direction * self.value >= direction * value


@dataclass
class Anomaly:
    """An anomaly: its first row with the band that it left, its grade, direction and peak."""

    began: ScoredRow
    grade: int
    direction: int
    peak: Peak
    calm: int = 0


class AnomalyTracker:
    """Tracks the anomalies of one series, row by row; each raises the threshold for a while.

    So a restless series alerts less and less. Rows that are not outside may be skipped between anomalies.
    """

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._recent: deque[tuple[int, float]] = deque()  # row and distance of recent anomalies
        self._peaks: deque[Peak] = deque(maxlen=MAX_PEAKS)
        self.open: Anomaly | None = None

    def threshold(self, number: int) -> float:
        """The ranges by which this row may be outside."""
        missing = max(1 - number / self._parameters.window, 0)
        return self._parameters.threshold * (
            1 + self._parameters.threshold_rise * len(self._recent) + self._parameters.warmup_rise * missing
        )

    def score(self, row: ScoredRow) -> RowScore:
        """The row's score, and the anomaly that it is part of."""
        self._end_by_time(row)
        while self._recent and self._recent[0][0] <= row.number - self._parameters.memory:
            self._recent.popleft()
        while self._peaks and self._peaks[0].number <= row.number - self._parameters.peak_rows:
            self._peaks.popleft()
        score = self._score(row)
        if score >= 1:
            self._start(row, STRONG if score >= self._parameters.strong else UNUSUAL)
        elif self.open is not None:
            self._continue(self.open, row)
        return (
            RowScore(score, self.open.grade, self.open.direction)
            if self.open
            else RowScore(score, *NO_ANOMALY[1:])
        )

    def _score(self, row: ScoredRow) -> float:
        """How far outside, in thresholds; 0 for a while after an anomaly, until a weak one is strong."""
        if row.still:
            return self._parameters.strong if row.still == STRONG else 1.0
        if row.above + row.below == 0:
            return 0.0
        far = row.above + row.below
        score = min(far / self.threshold(row.number), MAX_SCORE)
        if self._is_usual_wildness(far) or self._is_usual_peak(row):
            score = min(score, self._parameters.strong - BELOW_STRONG)
        if not self._recent or row.number - self._recent[-1][0] >= self._parameters.cooldown_rows:
            return score
        is_stronger = self.open is not None and self.open.grade < STRONG and score >= self._parameters.strong
        return score if is_stronger else 0.0

    def _is_usual_wildness(self, far: float) -> bool:
        """For a series that is often wild, the usual wildness is no strong anomaly."""
        return len(self._recent) >= WILD_ANOMALIES and far < self._parameters.wild * median(
            was for _, was in self._recent
        )

    def _is_usual_peak(self, row: ScoredRow) -> bool:
        """A value that earlier anomalies reached again and again is no strong one: bursts of a queue are."""
        now, direction = self.open and self.open.peak, anomaly_direction(row)
        as_far = (peak is not now and peak.is_as_far(direction, row.value) for peak in self._peaks)
        return sum(as_far) >= USUAL_PEAKS

    def _start(self, row: ScoredRow, grade: int) -> None:
        if not self._recent or row.number - self._recent[-1][0] >= self._parameters.cooldown_rows:
            self._recent.append((row.number, row.above + row.below))
        direction = anomaly_direction(row)
        self.open = Anomaly(row, grade, direction, self._peak(direction, row))

    def _peak(self, direction: int, row: ScoredRow) -> Peak:
        """The peak of the anomaly that begins; one that goes on in the same direction keeps its own."""
        if self.open is None or self.open.direction != direction:
            self._peaks.append(Peak(row.number, direction, row.value))
            return self._peaks[-1]
        self.open.peak.reach(row.value)
        return self.open.peak

    def _end_by_time(self, row: ScoredRow) -> None:
        if self.open is not None and row.time - self.open.began.time >= self._parameters.max_seconds:
            self.open = None

    def _continue(self, anomaly: Anomaly, row: ScoredRow) -> None:
        """End the anomaly once values stay inside the band that they left, or have become usual."""
        began = anomaly.began
        anomaly.peak.reach(row.value)
        continues = row.value == began.value if began.still else not began.lower <= row.value <= began.upper
        anomaly.calm = 0 if continues else anomaly.calm + 1
        if (
            anomaly.calm >= self._parameters.recovery_rows
            or row.number - anomaly.began.number >= self._parameters.max_rows
        ):
            self.open = None


def anomaly_direction(row: ScoredRow) -> int:
    """Up or down; a flatline stays inside its band, so the half of the band decides."""
    if row.still:
        return UP if 2 * row.value >= row.lower + row.upper else DOWN
    return UP if row.above >= row.below else DOWN
