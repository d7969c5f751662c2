"""Sums how far each row is outside in all features, and computes the band of expected values."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exporter.anomaly.features import CHANGE, JUMP, MEAN, NUMBER, RESIDUAL, SPREAD, VALUE, WEEK
from exporter.anomaly.parameters import Parameters
from exporter.anomaly.ranges import Floats, RangeScores
from exporter.anomaly.tracker import ScoredRow

Integers = NDArray[np.int8]


class DetectorScores(NamedTuple):
    """One value of each for every row; a row that is NaN has the score 0, and else the values before it."""

    score: Floats  # 1 begins an anomaly, 2 a strong one; 0 for a while after one
    lower: Floats  # the band, NaN while learning
    upper: Floats
    grade: Integers  # of the anomaly under way: 1 weak, 2 strong, 0 none
    direction: Integers  # of the anomaly under way: 1 up, -1 down, 0 none

    @property
    def learning(self) -> NDArray[np.bool_]:
        """Where the detector still learns."""
        return np.isnan(self.lower)

    def select(self, rows: slice | NDArray[np.int64]) -> "DetectorScores":
        """The scores of these rows."""
        return DetectorScores(
            self.score[rows], self.lower[rows], self.upper[rows], self.grade[rows], self.direction[rows]
        )

    def concat(self, more: "DetectorScores") -> "DetectorScores":
        """These scores, with more after them."""
        return DetectorScores(
            np.concatenate((self.score, more.score)),
            np.concatenate((self.lower, more.lower)),
            np.concatenate((self.upper, more.upper)),
            np.concatenate((self.grade, more.grade)),
            np.concatenate((self.direction, more.direction)),
        )


def empty_scores(rows: int) -> DetectorScores:
    """Scores before anything is known."""
    grade, direction = np.zeros(rows, dtype=np.int8), np.zeros(rows, dtype=np.int8)
    return DetectorScores(np.zeros(rows), np.full(rows, np.nan), np.full(rows, np.nan), grade, direction)


class ScoredRows(NamedTuple):
    """The sums and bands of rows, before the tracker reads them."""

    numbers: NDArray[np.int64]
    times: Floats
    values: Floats
    above: Floats
    below: Floats
    lower: Floats
    upper: Floats
    still: Floats

    @property
    def outside(self) -> NDArray[np.bool_]:
        """Where a row is outside."""
        return self.above + self.below + self.still > 0

    def row(self, number: int) -> ScoredRow:
        """One of them."""
        return ScoredRow(*(column[number].item() for column in self))

    def without_anomaly(self) -> DetectorScores:
        """Scores without any anomaly."""
        return empty_scores(len(self.values))._replace(lower=self.lower, upper=self.upper)


class FeatureScorer:
    """Sums the features of rows."""

    def __init__(self, parameters: Parameters) -> None:
        self._threshold = parameters.threshold
        self._floor = parameters.floor
        self._weekday = parameters.weekday
        # a mean of n rows stands for n rows, while its noise is smaller by the root of n
        self._above = np.zeros(NUMBER)
        self._above[[VALUE, MEAN, RESIDUAL, JUMP, SPREAD, CHANGE]] = (
            1,
            parameters.mean_weight * parameters.mean_rows**0.5,
            parameters.season_weight,
            parameters.jump_weight,
            parameters.spread_weight,
            parameters.change_weight,
        )
        self._below = self._above.copy()
        self._below[SPREAD] = 0  # a smaller spread is no anomaly

    def rows(
        self,
        when: tuple[NDArray[np.int64], Floats],
        values: Floats,
        ranges: RangeScores,
        usual: Floats,
        still: Floats,
    ) -> ScoredRows:
        """The rows with their sums and bands.

        `when` is their numbers and times, `usual` the seasonal baseline of the last week and of this
        weekday, of shape (2, rows), `still` the grades of FlatlineDetector.
        """
        daily, weekly = usual
        above, below = ranges.above.copy(), ranges.below.copy()
        if self._weekday:
            among = [VALUE, MEAN]
            limit_to_weekday((weekly[:, None] > ranges.high[:, among]).any(axis=1), above)
            limit_to_weekday((weekly[:, None] < ranges.low[:, among]).any(axis=1), below)
        stays = is_still(values, ranges)
        sums = (
            np.where(stays, 0.0, self._sum(above, self._above, ranges.span)),
            np.where(stays, 0.0, self._sum(below, self._below, ranges.span)),
        )
        return ScoredRows(*when, values, *sums, *self._band(ranges, daily), still)

    def _sum(self, parts: Floats, weights: Floats, span: Floats) -> Floats:
        """The weighted sum of all features; unknown features count as 0."""
        # a smooth series jumps little, and the seasonal baseline has small steps of its own
        least = np.fmax(span[:, JUMP], self._floor * span[:, VALUE])
        parts[:, JUMP] *= span[:, JUMP] / least
        summed: Floats = np.nan_to_num(parts, nan=0.0) @ weights
        return summed

    def _band(self, ranges: RangeScores, usual: Floats) -> tuple[Floats, Floats]:
        """The band of expected values: inside the window of values and that of the time of day."""
        (low, high), (rest_low, rest_high) = (self._limits(ranges, part) for part in (VALUE, RESIDUAL))
        ends = np.fmax(low, usual + rest_low), np.fmin(high, usual + rest_high)
        lower, upper = np.minimum(*ends), np.maximum(*ends)
        # a series that was never negative is not expected below 0
        return np.where(ranges.low[:, VALUE] >= 0, np.maximum(lower, 0), lower), upper

    def _limits(self, ranges: RangeScores, part: int) -> tuple[Floats, Floats]:
        """The window of one feature, and the threshold beyond it."""
        margin = self._threshold * ranges.span[:, part]
        return ranges.low[:, part] - margin, ranges.high[:, part] + margin


def is_still(values: Floats, ranges: RangeScores) -> NDArray[np.bool_]:
    """Where a value is one of a series that has not moved for a window: what moves is only its baseline,
    a day or a week after it last moved.
    """
    low, high, span = (bounds[:, VALUE] for bounds in (ranges.low, ranges.high, ranges.span))
    inside: NDArray[np.bool_] = (low <= values) & (values <= high) & (high - low < span)
    return inside


def limit_to_weekday(beyond: NDArray[np.bool_], parts: Floats) -> None:
    """Count the parts only as far as the same weekday agrees: always the time of day, and all of them
    where that weekday's value lies beyond the window, as on the first morning of a weekend.
    """
    parts[:, RESIDUAL] = np.fmin(parts[:, RESIDUAL], parts[:, WEEK])
    for part in (VALUE, MEAN, JUMP, CHANGE):
        parts[:, part] = np.where(beyond, np.fmin(parts[:, part], parts[:, WEEK]), parts[:, part])
