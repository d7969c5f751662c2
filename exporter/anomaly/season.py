"""The seasonal baseline: usual values by quarter of an hour, in the last week and on this weekday."""

from collections.abc import Callable, Container
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from exporter.anomaly.parameters import DAY, DAYS
from exporter.anomaly.ranges import Floats, Places

SLOT = 900.0
SLOTS = int(DAY / SLOT)
MIN_DAYS = 2  # days
LINES = 2 * DAYS + 1  # the last days, and today
NO_DAY = -10 * LINES
SUNDAY = 3  # the first one, in days since 1970


class SeasonalBaseline:
    """Baselines of many series over two weeks; the rows of each come in order."""

    def __init__(self, series: int, holidays: Container[date] = frozenset()) -> None:
        self._holidays = holidays
        self._sums = np.empty((series, LINES, SLOTS))
        self._counts = np.empty((series, LINES, SLOTS), dtype=np.int32)
        self._days = np.empty((series, LINES), dtype=np.int64)
        self._today = np.empty(series, dtype=np.int64)
        # of the last week, and of this weekday
        self._usual = np.empty((series, 2, SLOTS))

    def clear(self, place: int) -> None:
        """Forget what was at this place."""
        self._days[place], self._today[place], self._usual[place] = NO_DAY, NO_DAY, np.nan

    def round(self, places: Places, times: Floats, values: Floats) -> Floats:
        """The baseline for one row of each series, of shape (2, series); NaN where unknown."""
        days, slots = day_and_slot(times)
        for day in np.unique(days[days != self._today[places]]):
            self._begin(places[(days == day) & (self._today[places] != day)], int(day))
        lines = days % LINES
        found: Floats = self._usual[places, :, slots].T
        self._sums[places, lines, slots] += values
        self._counts[places, lines, slots] += 1
        return found

    def rows(self, place: int, times: Floats, values: Floats) -> Floats:
        """The baseline for many rows of one series, of shape (2, rows)."""
        days, slots = day_and_slot(times)
        found = np.empty((2, len(times)))
        for day in np.unique(days):
            rows = slice(*np.searchsorted(days, (day, day + 1)))
            if day != self._today[place]:
                self._begin(np.array([place]), int(day))
            found[:, rows] = self._usual[place][:, slots[rows]]
            line = day % LINES
            np.add.at(self._sums[place, line], slots[rows], values[rows])
            np.add.at(self._counts[place, line], slots[rows], 1)
        return found

    def _begin(self, places: Places, day: int) -> None:
        """Begin a day: it replaces the oldest one, and the baseline is computed from the days before."""
        line = day % LINES
        self._today[places], self._days[places, line] = day, day
        self._sums[places, line], self._counts[places, line] = 0, 0
        days = self._days[places]
        self._usual[places, 0] = self._mean(places, (days < day) & (days >= day - DAYS), MIN_DAYS)
        self._usual[places, 1] = self._mean(places, np.isin(days, similar_days(day, self._is_holiday)), 1)

    def _is_holiday(self, day: int) -> bool:
        return datetime.fromtimestamp(day * DAY, UTC).date() in self._holidays

    def _mean(self, places: Places, among: NDArray[np.bool_], enough: int) -> Floats:
        """The mean of these days by the time of day, where there are enough of them."""
        # an unused line holds anything
        counts = np.where(among[:, :, None], self._counts[places], 0)
        sums = np.where(among[:, :, None], self._sums[places], 0.0)
        number = (counts > 0).sum(axis=1)
        total = (sums / np.maximum(counts, 1)).sum(axis=1)
        return np.where(number >= enough, total / np.maximum(number, 1), np.nan)


def day_and_slot(times: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Day and quarter of an hour of each time."""
    return (times // DAY).astype(np.int64), (times % DAY // SLOT).astype(np.int64)


def similar_days(day: int, is_holiday: Callable[[int], bool]) -> tuple[int, int]:
    """The two earlier days most similar to this one: of its weekday, or Sundays for a holiday."""
    back = (day - SUNDAY) % DAYS or DAYS
    last = day - back if is_holiday(day) else day - DAYS
    return last, last - DAYS
