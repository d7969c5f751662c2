"""Of the last rows of many series: their mean, and the row that was some rows ago."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from exporter.anomaly.ranges import Floats, Places


class RingBuffer:
    """The last rows of each series, where the next one takes the place of the oldest."""

    def __init__(self, series: int, rows: int) -> None:
        self._rows = rows
        self._ring = np.empty((series, rows))
        self._next = np.empty(series, dtype=np.intp)

    def clear(self, place: int) -> None:
        """Forget what was at this place."""
        self._ring[place], self._next[place] = np.nan, 0

    def _put(self, places: Places, values: Floats) -> None:
        self._ring[places, self._next[places]] = values
        self._next[places] = (self._next[places] + 1) % self._rows

    def _line(self, place: int, values: Floats) -> Floats:
        """The rows of one series with these after them, of which the last stay."""
        line: Floats = np.concatenate((np.roll(self._ring[place], -self._next[place]), values))
        self._ring[place], self._next[place] = line[-self._rows :], 0
        return line


class RollingMean(RingBuffer):
    """The mean of each row and those just before it; not a number until there are enough."""

    def latest(self, places: Places) -> Floats:
        """The mean of the rows so far, one for each of these series."""
        means: Floats = self._ring[places].mean(axis=1)
        return means

    def round(self, places: Places, values: Floats) -> None:
        """Take one row of each of these series."""
        self._put(places, values)

    def rows(self, place: int, values: Floats) -> Floats:
        """Take rows of one series; the mean before the first of them, and with each of them: one more."""
        line = self._line(place, values)
        means: Floats = sliding_window_view(line, self._rows).mean(axis=1)
        return means


class Delay(RingBuffer):
    """The row some rows before each; not a number until there is one."""

    def round(self, places: Places, values: Floats) -> Floats:
        """Take one row of each of these series, and give back what was."""
        found: Floats = self._ring[places, self._next[places]]
        self._put(places, values)
        return found

    def rows(self, place: int, values: Floats) -> Floats:
        """The same for rows of one series."""
        line = self._line(place, values)
        found: Floats = line[: len(values)]
        return found
