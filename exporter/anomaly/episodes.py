"""From how far outside each row is to marks: when one begins, how grave, which way, and when it is over."""

from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from exporter.anomaly.tuning import Tuning

UP, DOWN, NEITHER = 1, -1, 0
USUAL, UNUSUAL, STRONG = 0, 1, 2
SOME = 3  # marks from which a series is known to be wild
LESS = 0.01  # than strong
GREATEST = 100.0  # a score says no more beyond this


class Row(NamedTuple):
    """One row: its number and time, how far above and below what is usual, in ranges, and its band."""

    number: int
    time: float
    value: float
    above: float
    below: float
    lower: float
    upper: float
    still: float  # the grade of a stop that has just lasted too long


class Verdict(NamedTuple):
    """A row's score, of which 1 begins a mark, and the grade and direction of the episode it is part of."""

    score: float
    grade: int
    direction: int


CALM = Verdict(0.0, USUAL, NEITHER)


@dataclass
class Episode:
    """Something unusual: since when, how grave, which way, and the band that it left."""

    began: Row
    grade: int
    direction: int
    calm: int = 0


class Episodes:
    """Judges the rows of one series in order; each mark raises the bar for a while.

    A restless series wears nobody out. Rows that are not outside while nothing goes on need not be told.
    """

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._recent: deque[tuple[int, float]] = deque()  # the rows of marks, and how far outside they were
        self.open: Episode | None = None

    def bar(self, number: int) -> float:
        """How many ranges outside this row may be."""
        missing = max(1 - number / self._tuning.window, 0)
        return self._tuning.bar * (1 + self._tuning.rise * len(self._recent) + self._tuning.caution * missing)

    def judge(self, row: Row) -> Verdict:
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
            Verdict(score, self.open.grade, self.open.direction) if self.open else Verdict(score, *CALM[1:])
        )

    def _score(self, row: Row) -> float:
        """How far outside, in bars; 0 for a while after a mark, unless a faint one becomes a strong one."""
        if row.still:
            return self._tuning.strong if row.still == STRONG else 1.0
        if row.above + row.below == 0:
            return 0.0
        far = row.above + row.below
        score = min(far / self.bar(row.number), GREATEST)
        if len(self._recent) >= SOME and far < self._tuning.wild * median(was for _, was in self._recent):
            # a series that is wild now and then is not strongly unusual for being as wild as ever
            score = min(score, self._tuning.strong - LESS)
        if not self._recent or row.number - self._recent[-1][0] >= self._tuning.silence:
            return score
        graver = self.open is not None and self.open.grade < STRONG and score >= self._tuning.strong
        return score if graver else 0.0

    def _begin(self, row: Row, grade: int) -> None:
        if not self._recent or row.number - self._recent[-1][0] >= self._tuning.silence:
            self._recent.append((row.number, row.above + row.below))
        self.open = Episode(row, grade, way(row))

    def _end_by_time(self, row: Row) -> None:
        if self.open is not None and row.time - self.open.began.time >= self._tuning.lasts:
            self.open = None

    def _go_on(self, episode: Episode, row: Row) -> None:
        """It is over when values stay inside the band that they left, or when what came has become usual."""
        began = episode.began
        goes_on = row.value == began.value if began.still else not began.lower <= row.value <= began.upper
        episode.calm = 0 if goes_on else episode.calm + 1
        if episode.calm >= self._tuning.calm or row.number - episode.began.number >= self._tuning.usual:
            self.open = None


def way(row: Row) -> int:
    """Up or down; what stands still leaves its band nowhere, so it is told by the half that it stands in."""
    if row.still:
        return UP if 2 * row.value >= row.lower + row.upper else DOWN
    return UP if row.above >= row.below else DOWN
