"""Flatlines: series that used to move and have stopped."""

import numpy as np
from numpy.typing import NDArray

from exporter.anomaly.parameters import Parameters
from exporter.anomaly.ranges import Floats, Places

LIMIT_FACTOR = 4  # times its longest flatline so far: an anomaly; twice that: a strong one
STRONG = 2
MIN_MOVES = 20  # of a series that used to move


class FlatlineDetector:
    """Compares how long each series has not changed with its longest flatline.

    A flatline that was an anomaly counts as half of its limit, so that one does not hide the next.
    """

    def __init__(self, parameters: Parameters, series: int) -> None:
        self._least, self._learn = parameters.flat_rows, parameters.learn
        self._value = np.empty(series)
        self._run, self._longest, self._seen, self._moves = (np.empty(series) for _ in range(4))

    def clear(self, place: int) -> None:
        """Forget what was at this place."""
        self._value[place] = np.nan
        for kept in (self._run, self._longest, self._seen, self._moves):
            kept[place] = 0

    def round(self, places: Places, values: Floats) -> Floats:
        """The grade of each series whose flatline has just become too long; 0 before that and after it."""
        moved = values != self._value[places]
        run, limit = self._run[places], self._limit(places)
        learnt = self._seen[places] >= self._learn
        counted = np.where(learnt, np.minimum(run, limit / 2), run)
        self._longest[places] = np.where(
            moved, np.maximum(self._longest[places], counted), self._longest[places]
        )
        self._run[places] = np.where(moved, 0, run + 1)
        self._value[places] = values
        self._seen[places] += 1
        self._moves[places] += moved
        return flatline_grades(
            self._run[places], self._limit(places), learnt & (self._moves[places] > MIN_MOVES)
        )

    def _limit(self, places: Places) -> Floats:
        limits: Floats = np.maximum(self._least, LIMIT_FACTOR * self._longest[places])
        return limits

    def rows(self, place: int, values: Floats) -> Floats:
        """The same for many rows of one series."""
        found = np.empty(len(values))
        begin = 0
        while begin < len(values):
            begin += self._until_unusual(place, values[begin:], found[begin:])
            if begin < len(values):
                found[begin] = self.round(np.array([place]), values[begin : begin + 1])[0]
                begin += 1
        return found

    def _until_unusual(self, place: int, values: Floats, found: Floats) -> int:
        """Read rows until a flatline ends that counts as less than it took; returns how many."""
        moved = values != np.concatenate((self._value[[place]], values[:-1]))
        number = np.arange(len(values))
        since = np.maximum.accumulate(np.where(moved, number, -1))
        run = np.where(since >= 0, number - since, self._run[place] + number + 1)
        ended = np.where(moved, np.concatenate((self._run[[place]], run[:-1])), 0)
        longest = np.maximum.accumulate(np.maximum(ended, self._longest[place]))
        before = np.concatenate((self._longest[[place]], longest[:-1]))
        learnt = self._seen[place] + number >= self._learn
        cut = learnt & (ended > np.maximum(self._least, LIMIT_FACTOR * before) / 2)
        count = int(np.argmax(cut)) if cut.any() else len(values)
        moves = self._moves[place] + np.cumsum(moved)
        limit = np.maximum(self._least, LIMIT_FACTOR * longest)
        found[:count] = flatline_grades(run, limit, learnt & (moves > MIN_MOVES))[:count]
        if count:
            self._value[place], self._run[place] = values[count - 1], run[count - 1]
            self._longest[place] = longest[count - 1]
            self._seen[place] += count
            self._moves[place] = moves[count - 1]
        return count


def flatline_grades(run: Floats, limit: Floats, judged: NDArray[np.bool_]) -> Floats:
    """1 and 2 in the rows in which a flatline passes once and twice its limit."""
    now, before = run // limit, (run - 1) // limit
    return np.where(judged & (now != before) & (run > 0) & (now <= STRONG), now, 0.0)
