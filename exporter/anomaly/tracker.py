"""Anomalies from the scores of rows: when one begins, its grade and direction, and when it ends."""

from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from exporter.anomaly.parameters import Parameters

UP, DOWN, NEITHER = 1, -1, 0
USUAL, UNUSUAL, STRONG = 0, 1, 2
WILD_ANOMALIES = 3  # anomalies from which a series counts as wild
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


@dataclass
class Anomaly:
    """An anomaly: its first row with the band that it left, its grade and direction."""

    began: ScoredRow
    grade: int
    direction: int
    calm: int = 0


class AnomalyTracker:
    """Tracks the anomalies of one series, row by row; each raises the threshold for a while.

    So a restless series alerts less and less. Rows that are not outside may be skipped between anomalies.
    """

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._recent: deque[tuple[int, float]] = deque()  # row and distance of recent anomalies
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
        if len(self._recent) >= WILD_ANOMALIES and far < self._parameters.wild * median(
            was for _, was in self._recent
        ):
            # for a series that is often wild, the usual wildness is no strong anomaly
            score = min(score, self._parameters.strong - BELOW_STRONG)
        if not self._recent or row.number - self._recent[-1][0] >= self._parameters.cooldown_rows:
            return score
        is_stronger = self.open is not None and self.open.grade < STRONG and score >= self._parameters.strong
        return score if is_stronger else 0.0

    def _start(self, row: ScoredRow, grade: int) -> None:
        if not self._recent or row.number - self._recent[-1][0] >= self._parameters.cooldown_rows:
            self._recent.append((row.number, row.above + row.below))
        self.open = Anomaly(row, grade, anomaly_direction(row))

    def _end_by_time(self, row: ScoredRow) -> None:
        if self.open is not None and row.time - self.open.began.time >= self._parameters.max_seconds:
            self.open = None

    def _continue(self, anomaly: Anomaly, row: ScoredRow) -> None:
        """End the anomaly once values stay inside the band that they left, or have become usual."""
        began = anomaly.began
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
