"""The detector: finds anomalies in each row of a series, from the rows before it alone."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporter.anomaly.features import CHANGE, NUMBER, Features
from exporter.anomaly.flatline import FlatlineDetector
from exporter.anomaly.parameters import Parameters
from exporter.anomaly.ranges import Floats, Places, RangeScores, RollingRanges
from exporter.anomaly.scoring import DetectorScores, FeatureScorer, ScoredRows, empty_scores
from exporter.anomaly.tracker import AnomalyTracker

BATCH_ROWS = 20_000  # rows that are read together
PLACE = 0


MAX_VALUE = 1e150  # beyond this, differences would overflow


class Observation(NamedTuple):
    """Rows of one series beside what was usual before each: all that a judgement is made of."""

    when: tuple[NDArray[np.int64], Floats]  # number and time
    values: Floats
    ranges: RangeScores
    usual: Floats
    still: Floats


class BatchDetector:
    """Detects anomalies in many series at once; each has a place, which is cleared before its first row.

    Rows of one series come in order, in rounds or many at once, with the same result. All values are finite.
    """

    def __init__(self, parameters: Parameters, series: int) -> None:
        self._parameters = parameters
        self._features = Features(parameters, series)
        self._ranges = RollingRanges(parameters, series, NUMBER)
        self._flatline = FlatlineDetector(parameters, series)
        self._rows = np.empty(series, dtype=np.int64)
        self._latest = np.empty(series)
        self._open = np.empty(series, dtype=np.bool_)
        self._trackers = [AnomalyTracker(parameters) for _ in range(series)]
        self._scorer = FeatureScorer(parameters)

    @property
    def bytes(self) -> int:
        """The size of all arrays once every place is in use."""
        return array_bytes(self)

    def clear(self, place: int) -> None:
        """Forget what was at this place."""
        for part in (self._features, self._ranges, self._flatline):
            part.clear(place)
        self._rows[place], self._latest[place], self._open[place] = 0, -np.inf, False
        self._trackers[place] = AnomalyTracker(self._parameters)

    def round(self, places: Places, times: Floats, values: Floats) -> DetectorScores:
        """One row of each of these series, each place once."""
        times = self._latest[places] = np.maximum(times, self._latest[places])
        values = np.clip(values, -MAX_VALUE, MAX_VALUE)
        features, usual = self._features.round(places, times, values)
        seen = self._ranges.round(places, features, feature_sizes(values))
        still = self._flatline.round(places, values)
        numbers = self._rows[places] = self._rows[places] + 1
        rows = self._scorer.rows((numbers, times), values, seen, usual, still)
        found = rows.without_anomaly()
        for row in np.flatnonzero(rows.outside | self._open[places]).tolist():
            self._track(int(places[row]), rows, row, found)
        return found

    def rows(self, place: int, times: Floats, values: Floats) -> DetectorScores:
        """Many rows of one series."""
        if not len(times):
            return empty_scores(0)
        return self.judge(place, self.observe(place, times, values))

    def observe(self, place: int, times: Floats, values: Floats) -> Observation:
        """The first half of `rows`: how far each row lies outside; no weight nor threshold counts yet."""
        times = np.maximum.accumulate(np.maximum(times, self._latest[place]))
        values = np.clip(values, -MAX_VALUE, MAX_VALUE)
        features, usual = self._features.rows(place, times, values)
        seen = self._range_scores(place, features, np.abs(values))
        still = self._flatline.rows(place, values)
        numbers = self._rows[place] + np.arange(1, len(times) + 1)
        self._rows[place], self._latest[place] = numbers[-1], times[-1]
        return Observation((numbers, times), values, seen, usual, still)

    def judge(self, place: int, observed: Observation) -> DetectorScores:
        """The second half: which of these rows begin an anomaly, and when it ends."""
        rows = self._scorer.rows(*observed)
        found, row = rows.without_anomaly(), -1
        for outside in (*np.flatnonzero(rows.outside).tolist(), len(observed.values)):
            while self._open[place] and row + 1 < outside:
                row += 1
                self._track(place, rows, row, found)
            row = outside
            if row < len(observed.values):
                self._track(place, rows, row, found)
        return found

    def _range_scores(self, place: int, features: Floats, size: Floats) -> RangeScores:
        # one block by feature: a copy of every column would cost a tenth of a first look
        found = np.empty((len(RangeScores._fields), NUMBER, len(size)))
        ratio = np.ones_like(size)
        for number in range(NUMBER):
            sizes = ratio if number == CHANGE else size
            self._ranges.rows(place, number, features[:, number], sizes, found[:, number])
        return RangeScores(*(column.T for column in found))

    def _track(self, place: int, rows: ScoredRows, row: int, found: DetectorScores) -> None:
        tracker = self._trackers[place]
        score = tracker.score(rows.row(row))
        found.score[row], found.grade[row], found.direction[row] = score
        self._open[place] = tracker.open is not None


class Detector:
    """A detector for one series; `python -m exporter.anomaly` and the benchmark use it.

    Rows come in order and in batches of any length, with the same result: a day at once is cheap, and a
    restart that reads the history again ends in the same state.
    """

    def __init__(self, parameters: Parameters | None = None) -> None:
        self._detectors = BatchDetector(parameters or Parameters(), 1)
        self._detectors.clear(PLACE)
        self._last = empty_scores(1)

    def read(self, times: ArrayLike, values: ArrayLike) -> DetectorScores:
        """The scores of each row; times in Unix seconds; a row out of order has the latest time."""
        moments, given = (np.asarray(column, dtype=np.float64) for column in (times, values))
        known = np.isfinite(given) & np.isfinite(moments)
        moments, finite = moments[known], given[known]
        # the scores of the last row, for rows without a number
        every = self._last
        for begin in range(0, len(finite), BATCH_ROWS):
            rows = slice(begin, begin + BATCH_ROWS)
            every = every.concat(self._read(moments[rows], finite[rows]))
        self._last = every.select(slice(-1, None))
        found = every.select(np.cumsum(known))
        return found._replace(score=np.where(known, found.score, 0.0))

    def _read(self, times: Floats, values: Floats) -> DetectorScores:
        """Read a batch; one row alone is cheaper as a round of one series."""
        if len(times) == 1:
            return self._detectors.round(np.array([PLACE]), times, values)
        return self._detectors.rows(PLACE, times, values)


def feature_sizes(values: Floats) -> Floats:
    """The size of the values behind each feature, of shape (series or rows, NUMBER)."""
    size = np.repeat(np.abs(values)[None], NUMBER, axis=0)
    size[CHANGE] = 1  # a ratio, whatever the values
    return size.T


def array_bytes(part: object) -> int:
    """The bytes of the arrays in an object and in its parts."""
    if isinstance(part, np.ndarray):
        return part.nbytes
    own = type(part).__module__.startswith(__package__ or "")
    return sum(map(array_bytes, vars(part).values())) if own and hasattr(part, "__dict__") else 0
