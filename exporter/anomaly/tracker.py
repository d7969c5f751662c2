"""From how far outside each row is to marks: when one begins, how grave, which way, and when it is over."""

from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from exporter.anomaly.parameters import Parameters

UP, DOWN, NEITHER = 1, -1, 0
USUAL, UNUSUAL, STRONG = 0, 1, 2
WILD_ANOMALIES = 3  # marks from which a series is known to be wild
BELOW_STRONG = 0.01  # than strong
MAX_SCORE = 100.0  # a score says no more beyond this


class ScoredRow(NamedTuple):
    """One row: its number and time, how far above and below what is usual, in ranges, and its band."""

    number: int
    time: float
    value: float
    above: float
    below: float
    lower: float
    upper: float
    still: float  # the grade of a stop that has just lasted too long


class RowScore(NamedTuple):
    """A row's score, of which 1 begins a mark, and the grade and direction of the episode it is part of."""

    score: float
    grade: int
    direction: int


NO_ANOMALY = RowScore(0.0, USUAL, NEITHER)


@dataclass
class Anomaly:
    """Something unusual: since when, how grave, which way, and the band that it left."""

    began: ScoredRow
    grade: int
    direction: int
    calm: int = 0


class AnomalyTracker:
    """Judges the rows of one series in order; each mark raises the bar for a while.

    A restless series wears nobody out. Rows that are not outside while nothing goes on need not be told.
    """

    def __init__(self, tuning: Parameters) -> None:
        self._tuning = tuning
        self._recent: deque[tuple[int, float]] = deque()  # the rows of marks, and how far outside they were
        self.open: Anomaly | None = None

    def bar(self, number: int) -> float:
        """How many ranges outside this row may be."""
        missing = max(1 - number / self._tuning.window, 0)
        return self._tuning.bar * (1 + self._tuning.rise * len(self._recent) + self._tuning.caution * missing)

    def judge(self, row: ScoredRow) -> RowScore:
        """The row's score, and of what it is part."""
        self._end_by_time(row)
        while self._recent and self._recent[0][0] <= row.number - self._tuning.memory:
            self._recent.popleft()
        score = self._score(row)
        if score >= 1:
            self._begin(row, STRONG if score >= self._tuning.strong else UNUSUAL)
        elif self.open is not None:
            self._go_on(self.open, row)
        return (
            RowScore(score, self.open.grade, self.open.direction)
            if self.open
            else RowScore(score, *NO_ANOMALY[1:])
        )

    def _score(self, row: ScoredRow) -> float:
        """How far outside, in bars; 0 for a while after a mark, unless a faint one becomes a strong one."""
        if row.still:
            return self._tuning.strong if row.still == STRONG else 1.0
        if row.above + row.below == 0:
            return 0.0
        far = row.above + row.below
        score = min(far / self.bar(row.number), MAX_SCORE)
        if len(self._recent) >= WILD_ANOMALIES and far < self._tuning.wild * median(
            was for _, was in self._recent
        ):
            # a series that is wild now and then is not strongly unusual for being as wild as ever
            score = min(score, self._tuning.strong - BELOW_STRONG)
        if not self._recent or row.number - self._recent[-1][0] >= self._tuning.silence:
            return score
        graver = self.open is not None and self.open.grade < STRONG and score >= self._tuning.strong
        return score if graver else 0.0

    def _begin(self, row: ScoredRow, grade: int) -> None:
        if not self._recent or row.number - self._recent[-1][0] >= self._tuning.silence:
            self._recent.append((row.number, row.above + row.below))
        self.open = Anomaly(row, grade, anomaly_direction(row))

    def _end_by_time(self, row: ScoredRow) -> None:
        if self.open is not None and row.time - self.open.began.time >= self._tuning.lasts:
            self.open = None

    def _go_on(self, episode: Anomaly, row: ScoredRow) -> None:
        """It is over when values stay inside the band that they left, or when what came has become usual."""
        began = episode.began
        goes_on = row.value == began.value if began.still else not began.lower <= row.value <= began.upper
        episode.calm = 0 if goes_on else episode.calm + 1
        if episode.calm >= self._tuning.calm or row.number - episode.began.number >= self._tuning.usual:
            self.open = None


def anomaly_direction(row: ScoredRow) -> int:
    """Up or down; what stands still leaves its band nowhere, so it is told by the half that it stands in."""
    if row.still:
        return UP if 2 * row.value >= row.lower + row.upper else DOWN
    return UP if row.above >= row.below else DOWN
