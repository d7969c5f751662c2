"""What is known of each row of one series, or of one row of each series."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exporter.anomaly.ranges import Floats

Integers = NDArray[np.int8]


class DetectorScores(NamedTuple):
    """One of each a row; a row that is no number has the score 0, and else what held before it."""

    score: Floats  # 1 and more begins a mark, twice that a strong one; 0 for a while after one
    lower: Floats  # the band, not a number while learning
    upper: Floats
    grade: Integers  # of the episode under way: 1 unusual, 2 strongly, 0 none
    direction: Integers  # of the episode under way: 1 up, -1 down, 0 none

    @property
    def learning(self) -> NDArray[np.bool_]:
        """Where too little was seen to judge."""
        return np.isnan(self.lower)

    def taken(self, rows: slice | NDArray[np.int64]) -> "DetectorScores":
        """These rows of it."""
        return DetectorScores(
            self.score[rows], self.lower[rows], self.upper[rows], self.grade[rows], self.direction[rows]
        )

    def then(self, more: "DetectorScores") -> "DetectorScores":
        """This, and more after it."""
        return DetectorScores(
            np.concatenate((self.score, more.score)),
            np.concatenate((self.lower, more.lower)),
            np.concatenate((self.upper, more.upper)),
            np.concatenate((self.grade, more.grade)),
            np.concatenate((self.direction, more.direction)),
        )


def empty_scores(rows: int) -> DetectorScores:
    """Nothing is known yet."""
    grade, direction = np.zeros(rows, dtype=np.int8), np.zeros(rows, dtype=np.int8)
    return DetectorScores(np.zeros(rows), np.full(rows, np.nan), np.full(rows, np.nan), grade, direction)
