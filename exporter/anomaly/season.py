"""What is usual at this time of the day: the mean of the last week's days, in quarters of an hour."""

import numpy as np
from numpy.typing import NDArray

from exporter.anomaly.bounds import Floats
from exporter.anomaly.tuning import DAY, DAYS

SLOT = 900.0
SLOTS = int(DAY / SLOT)
ENOUGH = 2  # days


class Season:
    """Remembers a week of one series; rows come in order, in pieces of any length."""

    def __init__(self) -> None:
        # one line for each of the last days and one for today
        self._sums = np.zeros((DAYS + 1, SLOTS))
        self._counts = np.zeros((DAYS + 1, SLOTS))
        self._days: NDArray[np.int64] = np.full(DAYS + 1, -DAY, dtype=np.int64)
        self._today = -1
        self._usual: Floats = np.full(SLOTS, np.nan)

    def usual(self, times: Floats, values: Floats) -> Floats:
        """For each row what was usual at its time on days before; not a number until two days are known."""
        days = (times // DAY).astype(np.int64)
        slots = (times % DAY // SLOT).astype(np.int64)
        found = np.empty(len(times))
        for day in np.unique(days):
            rows = slice(*np.searchsorted(days, (day, day + 1)))
            self._begin(int(day))
            found[rows] = self._usual[slots[rows]]
            line = int(day) % (DAYS + 1)
            np.add.at(self._sums[line], slots[rows], values[rows])
            np.add.at(self._counts[line], slots[rows], 1)
        return found

    def _begin(self, day: int) -> None:
        """Take up a day: what it replaces is forgotten, what is usual is taken from those before it."""
        if day == self._today:
            return
        line = day % (DAYS + 1)
        self._today, self._days[line] = day, day
        self._sums[line], self._counts[line] = 0, 0
        known = (self._days < day) & (self._days >= day - DAYS)
        counts = self._counts[known]
        means = self._sums[known] / np.maximum(counts, 1)
        number = (counts > 0).sum(axis=0)
        self._usual = np.where(number >= ENOUGH, means.sum(axis=0) / np.maximum(number, 1), np.nan)
