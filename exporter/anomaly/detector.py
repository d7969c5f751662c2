"""Says of each row of one series whether it is unusual, from the rows before it alone."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporter.anomaly.bounds import Floats, Mean
from exporter.anomaly.episodes import Episodes, Row
from exporter.anomaly.outside import Outside, Sight
from exporter.anomaly.season import Season
from exporter.anomaly.tuning import Tuning

LARGEST = 1e150  # beyond this, differences would overflow


class Readings(NamedTuple):
    """What is known of each row; one that is no number has the score 0, and else what held before it."""

    score: Floats  # 1 and more begins an alert; 0 for a while after one
    lower: Floats  # the band, not a number while learning
    upper: Floats
    direction: NDArray[np.int8]  # of the episode under way: 1 up, -1 down, 0 none

    @property
    def learning(self) -> NDArray[np.bool_]:
        """Where too little was seen to judge."""
        return np.isnan(self.lower)

    def taken(self, rows: slice | NDArray[np.int64]) -> "Readings":
        """These rows of it."""
        return Readings(self.score[rows], self.lower[rows], self.upper[rows], self.direction[rows])

    def then(self, more: "Readings") -> "Readings":
        """This, and more after it."""
        return Readings(
            np.concatenate((self.score, more.score)),
            np.concatenate((self.lower, more.lower)),
            np.concatenate((self.upper, more.upper)),
            np.concatenate((self.direction, more.direction)),
        )


NOTHING_YET = Readings(np.zeros(1), np.full(1, np.nan), np.full(1, np.nan), np.zeros(1, dtype=np.int8))


class Detector:
    """Looks at a series in three ways: its value, its short mean, and what is usual at that time of day.

    Each is compared with the least and the greatest of its own window; what lies outside is summed up.
    Rows come in order and in pieces of any length, with the same result: a day at once is cheap, and a
    restart that reads the past again ends where it was.
    """

    def __init__(self, tuning: Tuning | None = None) -> None:
        self._tuning = tuning or Tuning()
        self._looks = tuple(Outside(self._tuning) for _ in range(3))
        # what a mean of n rows does is n rows' news, while its noise is smaller by the root of n
        self._weights = (1.0, self._tuning.short**0.5, 1.0)
        self._mean = Mean(self._tuning.short)
        self._season = Season()
        self._episodes = Episodes(self._tuning)
        self._latest = -np.inf
        self._last = NOTHING_YET

    def read(self, times: ArrayLike, values: ArrayLike) -> Readings:
        """One reading for each row; times in Unix seconds, and a row out of order is of the latest time."""
        moments, given = (np.asarray(column, dtype=np.float64) for column in (times, values))
        known = np.isfinite(given) & np.isfinite(moments)
        fresh = self._judge(self._in_order(moments[known]), np.clip(given[known], -LARGEST, LARGEST))
        # the row that was judged last, for rows that cannot be judged
        every = self._last.then(fresh)
        self._last = every.taken(slice(-1, None))
        found = every.taken(np.cumsum(known))
        return found._replace(score=np.where(known, found.score, 0.0))

    def _in_order(self, moments: Floats) -> Floats:
        ordered = np.maximum.accumulate(np.maximum(moments, self._latest))
        self._latest = float(ordered[-1]) if len(ordered) else self._latest
        return ordered

    def _judge(self, times: Floats, values: Floats) -> Readings:
        usual = self._season.usual(times, values)
        features = (values, self._mean.of(values), values - usual)
        looks = zip(self._looks, features, strict=True)
        value, mean, rest = (look.look(feature, np.abs(values)) for look, feature in looks)
        lower, upper = self._band(value, rest, usual)
        above = self._sum(value.above, mean.above, rest.above)
        below = self._sum(value.below, mean.below, rest.below)
        columns = (column.tolist() for column in (values, above, below, lower, upper))
        judged = [self._episodes.judge(Row(*row)) for row in zip(*columns, strict=True)]
        scores = np.array([score for score, _ in judged])
        return Readings(scores, lower, upper, np.array([way for _, way in judged], dtype=np.int8))

    def _sum(self, *parts: Floats) -> Floats:
        total = np.zeros(len(parts[0]))
        for weight, part in zip(self._weights, parts, strict=True):
            total += weight * np.fmax(part, 0)  # what is not judged counts for nothing
        return total

    def _band(self, value: Sight, rest: Sight, usual: Floats) -> tuple[Floats, Floats]:
        """Where a value is expected: in the window of the values and in that of the time of day."""
        margin = self._tuning.bar
        (low, high), (lows, highs) = value.band(margin), rest.band(margin, usual)
        ends = np.fmax(low, lows), np.fmin(high, highs)
        lower, upper = np.minimum(*ends), np.maximum(*ends)
        # what was never below nothing is not expected there
        return np.where(value.low >= 0, np.maximum(lower, 0), lower), upper
