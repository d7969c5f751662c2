"""What is known of each row of one series, or of one row of each series."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exporter.anomaly.windows import Floats

Whole = NDArray[np.int8]


class Readings(NamedTuple):
    """One of each a row; a row that is no number has the score 0, and else what held before it."""

    score: Floats  # 1 and more begins a mark, twice that a strong one; 0 for a while after one
    lower: Floats  # the band, not a number while learning
    upper: Floats
    grade: Whole  # of the episode under way: 1 unusual, 2 strongly, 0 none
    direction: Whole  # of the episode under way: 1 up, -1 down, 0 none

    @property
    def learning(self) -> NDArray[np.bool_]:
        """Where too little was seen to judge."""
        return np.isnan(self.lower)

    def taken(self, rows: slice | NDArray[np.int64]) -> "Readings":
        """These rows of it."""
        return Readings(
            self.score[rows], self.lower[rows], self.upper[rows], self.grade[rows], self.direction[rows]
        )

    def then(self, more: "Readings") -> "Readings":
        """This, and more after it."""
        return Readings(
            np.concatenate((self.score, more.score)),
            np.concatenate((self.lower, more.lower)),
            np.concatenate((self.upper, more.upper)),
            np.concatenate((self.grade, more.grade)),
            np.concatenate((self.direction, more.direction)),
        )


def blank(rows: int) -> Readings:
    """Nothing is known yet."""
    grade, direction = np.zeros(rows, dtype=np.int8), np.zeros(rows, dtype=np.int8)
    return Readings(np.zeros(rows), np.full(rows, np.nan), np.full(rows, np.nan), grade, direction)
