"""From how far outside each row is to alerts: when one begins, in which direction, and when it is over."""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from exporter.anomaly.tuning import Tuning

UP, DOWN, NEITHER = 1, -1, 0
GREATEST = 100.0  # a score says no more beyond this


class Row(NamedTuple):
    """One row: how far above and below what is usual, in ranges, and the band that held before it."""

    value: float
    above: float
    below: float
    lower: float
    upper: float


@dataclass
class Episode:
    """Something unusual: since which row, which way, and the band that it left."""

    began: int
    direction: int
    lower: float
    upper: float
    calm: int = 0


class Episodes:
    """Judges rows in order; each alert raises the bar for a while: a restless series wears nobody out."""

    def __init__(self, tuning: Tuning) -> None:
        self._tuning = tuning
        self._row = 0
        self._recent: deque[int] = deque()
        self._open: Episode | None = None

    def bar(self) -> float:
        """How many ranges outside the next row may be."""
        return self._tuning.bar * (1 + self._tuning.rise * len(self._recent))

    def judge(self, row: Row) -> tuple[float, int]:
        """The row's score, of which 1 begins an alert, and the direction of the episode it is part of."""
        self._row += 1
        if not self._recent and self._open is None and row.above + row.below == 0:
            return 0.0, NEITHER
        while self._recent and self._recent[0] <= self._row - self._tuning.memory:
            self._recent.popleft()
        score = 0.0
        if not self._recent or self._row - self._recent[-1] >= self._tuning.silence:
            score = min((row.above + row.below) / self.bar(), GREATEST)
        if score >= 1:
            self._begin(row)
        elif self._open is not None:
            self._go_on(self._open, row.value)
        return score, self._open.direction if self._open else NEITHER

    def _begin(self, row: Row) -> None:
        direction = UP if row.above >= row.below else DOWN
        self._recent.append(self._row)
        self._open = Episode(self._row, direction, row.lower, row.upper)

    def _go_on(self, episode: Episode, value: float) -> None:
        """It is over when values stay inside the band that they left, or when what came has become usual."""
        inside = episode.lower <= value <= episode.upper
        episode.calm = episode.calm + 1 if inside else 0
        if episode.calm >= self._tuning.calm or self._row - episode.began >= self._tuning.learn:
            self._open = None
