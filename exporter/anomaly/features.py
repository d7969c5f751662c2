"""The features of a series, and the rolling means from which they are computed."""

import numpy as np

from exporter.anomaly.parameters import Parameters
from exporter.anomaly.ranges import Floats, Places
from exporter.anomaly.season import SeasonalBaseline

VALUE, MEAN, RESIDUAL, WEEK, JUMP, SPREAD, CHANGE = range(7)
NUMBER = 7


class RingBuffer:
    """The last rows of each series; a new row replaces the oldest."""

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
        ring, oldest = self._ring[place], self._next[place]
        line: Floats = np.concatenate((ring[oldest:], ring[:oldest], values))
        self._ring[place], self._next[place] = line[-self._rows :], 0
        return line


def window_means(line: Floats, rows: int) -> Floats:
    """The mean of each window of so many rows, added from pieces whose lengths are powers of two."""
    number, taken, length = len(line) - rows + 1, 0, 1
    total = np.zeros(number)
    while length <= rows:
        if rows & length:
            total += line[taken : taken + number]
            taken += length
        line, length = line[:-length] + line[length:], 2 * length
    total /= rows
    return total


class RollingMean(RingBuffer):
    """The mean of the last rows; NaN until there are enough."""

    def latest(self, places: Places) -> Floats:
        """The mean of the rows so far, one for each of these series."""
        means: Floats = self._ring[places].mean(axis=1)
        return means

    def round(self, places: Places, values: Floats) -> None:
        """Add one row of each of these series."""
        self._put(places, values)

    def rows(self, place: int, values: Floats) -> Floats:
        """Add rows of one series; returns the mean before the first, and with each of them."""
        return window_means(self._line(place, values), self._rows)


class Delay(RingBuffer):
    """The row a fixed number of rows before; NaN until there is one."""

    def round(self, places: Places, values: Floats) -> Floats:
        """Add one row of each of these series, and return the earlier rows."""
        found: Floats = self._ring[places, self._next[places]]
        self._put(places, values)
        return found

    def rows(self, place: int, values: Floats) -> Floats:
        """The same for rows of one series."""
        line = self._line(place, values)
        found: Floats = line[: len(values)]
        return found


class Features:
    """Value, short mean, residuals of the daily and the weekly baseline, jump, spread and relative change.

    Of shape (series or rows, NUMBER); NaN where too little is known.
    """

    def __init__(self, parameters: Parameters, series: int) -> None:
        self._max_move = parameters.max_move
        self._season = SeasonalBaseline(series, parameters.holidays)
        self._short = RollingMean(series, parameters.mean_rows)
        self._before = RollingMean(series, parameters.jump_rows)
        self._rests = RollingMean(series, parameters.jump_rows)
        self._spread, self._moves = (
            RollingMean(series, parameters.spread_rows),
            RollingMean(series, parameters.spread_rows),
        )
        self._fast, self._slow = (
            RollingMean(series, parameters.change_rows),
            RollingMean(series, parameters.change_baseline_rows),
        )
        self._earlier = Delay(series, parameters.change_rows)
        self._settled = Delay(series, parameters.jump_rows + 1)

    def clear(self, place: int) -> None:
        """Forget what was at this place."""
        means = (self._short, self._before, self._rests, self._spread, self._moves, self._fast, self._slow)
        for part in (self._season, self._settled, self._earlier, *means):
            part.clear(place)

    def round(self, places: Places, times: Floats, values: Floats) -> tuple[Floats, Floats]:
        """The features of one row of each of these series, and the seasonal baseline."""
        usual = self._season.round(places, times, values)
        rest = values - usual[0]
        jump, move = rest - self._rests.latest(places), np.abs(values - self._before.latest(places))
        tame = np.fmin(move, self._max_move * self._settled.round(places, self._moves.latest(places)))
        kept = (self._rests, self._before, self._short, self._moves, self._spread)
        for part, taken in zip(kept, (rest, values, values, move, tame), strict=True):
            part.round(places, taken)
        self._slow.round(places, self._earlier.round(places, values))
        self._fast.round(places, values)
        change = relative_change(self._fast.latest(places), self._slow.latest(places))
        mean, spread = self._short.latest(places), self._spread.latest(places)
        return np.stack((values, mean, rest, values - usual[1], jump, spread, change), axis=1), usual

    def rows(self, place: int, times: Floats, values: Floats) -> tuple[Floats, Floats]:
        """The features of many rows of one series, and the seasonal baseline."""
        usual = self._season.rows(place, times, values)
        rest = values - usual[0]
        jump = rest - self._rests.rows(place, rest)[:-1]
        move = np.abs(values - self._before.rows(place, values)[:-1])
        tame = np.fmin(move, self._max_move * self._settled.rows(place, self._moves.rows(place, move)[:-1]))
        slow = self._slow.rows(place, self._earlier.rows(place, values))[1:]
        change = relative_change(self._fast.rows(place, values)[1:], slow)
        mean, spread = self._short.rows(place, values)[1:], self._spread.rows(place, tame)[1:]
        # by column, as the windows read them
        return np.array((values, mean, rest, values - usual[1], jump, spread, change)).T, usual


def relative_change(now: Floats, before: Floats) -> Floats:
    """The change as a ratio of both: -1 for a drop to 0, 0 for no change."""
    both = np.abs(now) + np.abs(before)
    return np.where(both > 0, (now - before) / np.where(both > 0, both, 1), both)
