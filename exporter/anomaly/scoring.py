"""How far outside rows are in all ways together, and the band in which they were expected."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exporter.anomaly.features import CHANGE, JUMP, MEAN, NUMBER, RESIDUAL, SPREAD, VALUE, WEEK
from exporter.anomaly.parameters import Parameters
from exporter.anomaly.ranges import Floats, RangeScores
from exporter.anomaly.tracker import ScoredRow

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


class ScoredRows(NamedTuple):
    """What is known of each row before it is judged."""

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
        """Where there is something to judge."""
        return self.above + self.below + self.still > 0

    def row(self, number: int) -> ScoredRow:
        """One of them."""
        return ScoredRow(*(column[number].item() for column in self))

    def unjudged(self) -> DetectorScores:
        """Readings that say of none that it is unusual."""
        return empty_scores(len(self.values))._replace(lower=self.lower, upper=self.upper)


class FeatureScorer:
    """Sums up the features."""

    def __init__(self, tuning: Parameters) -> None:
        self._bar = tuning.bar
        self._floor = tuning.floor
        # what a mean of n rows does is n rows' news, while its noise is smaller by the root of n
        self._above = np.zeros(NUMBER)
        self._above[[VALUE, MEAN, RESIDUAL, JUMP, SPREAD, CHANGE]] = (
            1,
            tuning.short**0.5,
            1,
            1,
            tuning.spread_weight,
            tuning.change_weight,
        )
        self._below = self._above.copy()
        self._below[SPREAD] = 0  # what has become calm is no news

    def rows(
        self,
        when: tuple[NDArray[np.int64], Floats],
        values: Floats,
        seen: RangeScores,
        usual: Floats,
        still: Floats,
    ) -> ScoredRows:
        """The rows with their sums and bands.

        `when` is their numbers and times, `usual` what is usual at this time in the last week and on this
        weekday, of shape (2, rows), `still` what Stillness says of them.
        """
        daily, weekly = usual
        among = [VALUE, MEAN]
        above = limit_to_weekday((weekly[:, None] > seen.high[:, among]).any(axis=1), seen.above)
        below = limit_to_weekday((weekly[:, None] < seen.low[:, among]).any(axis=1), seen.below)
        sums = (self._sum(above, self._above, seen.span), self._sum(below, self._below, seen.span))
        return ScoredRows(*when, values, *sums, *self._band(seen, daily), still)

    def _sum(self, parts: Floats, weights: Floats, span: Floats) -> Floats:
        """What lies outside in all ways; what is not judged counts for nothing."""
        # a smooth series jumps little, and what is usual has small steps of its own
        least = np.fmax(span[:, JUMP], self._floor * span[:, VALUE])
        parts[:, JUMP] *= span[:, JUMP] / least
        summed: Floats = np.nan_to_num(parts, nan=0.0) @ weights
        return summed

    def _band(self, seen: RangeScores, usual: Floats) -> tuple[Floats, Floats]:
        """Where a value is expected: in the window of the values and in that of the time of day."""
        margin = self._bar * seen.span
        lows, highs = seen.low - margin, seen.high + margin
        ends = (
            np.fmax(lows[:, VALUE], usual + lows[:, RESIDUAL]),
            np.fmin(highs[:, VALUE], usual + highs[:, RESIDUAL]),
        )
        lower, upper = np.minimum(*ends), np.maximum(*ends)
        # what was never below nothing is not expected there
        return np.where(seen.low[:, VALUE] >= 0, np.maximum(lower, 0), lower), upper


def limit_to_weekday(beyond: NDArray[np.bool_], parts: Floats) -> Floats:
    """The parts, counted only as far as the same weekday agrees: always the time of day, and all of them
    where that weekday's value lies beyond the window, as on the first morning of a weekend.
    """
    parts = parts.copy()
    parts[:, RESIDUAL] = np.fmin(parts[:, RESIDUAL], parts[:, WEEK])
    for part in (VALUE, MEAN, JUMP, CHANGE):
        parts[:, part] = np.where(beyond, np.fmin(parts[:, part], parts[:, WEEK]), parts[:, part])
    return parts
