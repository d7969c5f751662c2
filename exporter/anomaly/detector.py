"""Says of each row of one series whether it is unusual, from the rows before it alone."""

import numpy as np
from numpy.typing import ArrayLike

from exporter.anomaly.features import CHANGE, NUMBER, Features
from exporter.anomaly.flatline import FlatlineDetector
from exporter.anomaly.parameters import Parameters
from exporter.anomaly.ranges import Floats, Places, RangeScores, RollingRanges
from exporter.anomaly.scoring import DetectorScores, FeatureScorer, ScoredRows, empty_scores
from exporter.anomaly.tracker import AnomalyTracker

BATCH_ROWS = 20_000  # rows that are looked at together
PLACE = 0


MAX_VALUE = 1e150  # beyond this, differences would overflow


class BatchDetector:
    """A bounded number of places for series; each is cleared before its first row.

    Rows of one series come in order, in rounds or many at once, with the same result. All values are finite.
    """

    def __init__(self, tuning: Parameters, series: int) -> None:
        self._tuning = tuning
        self._features = Features(tuning, series)
        self._windows = RollingRanges(tuning, series, NUMBER)
        self._stillness = FlatlineDetector(tuning, series)
        self._rows = np.empty(series, dtype=np.int64)
        self._latest = np.empty(series)
        self._open = np.empty(series, dtype=np.bool_)
        self._episodes = [AnomalyTracker(tuning) for _ in range(series)]
        self._judging = FeatureScorer(tuning)

    @property
    def bytes(self) -> int:
        """What all arrays together take once every place is in use."""
        return array_bytes(self)

    def clear(self, place: int) -> None:
        """Forget what was at this place."""
        for part in (self._features, self._windows, self._stillness):
            part.clear(place)
        self._rows[place], self._latest[place], self._open[place] = 0, -np.inf, False
        self._episodes[place] = AnomalyTracker(self._tuning)

    def round(self, places: Places, times: Floats, values: Floats) -> DetectorScores:
        """One row of each of these series, each place once."""
        times = self._latest[places] = np.maximum(times, self._latest[places])
        values = np.clip(values, -MAX_VALUE, MAX_VALUE)
        features, usual = self._features.round(places, times, values)
        seen = self._windows.round(places, features, feature_sizes(values))
        still = self._stillness.round(places, values)
        numbers = self._rows[places] = self._rows[places] + 1
        rows = self._judging.rows((numbers, times), values, seen, usual, still)
        found = rows.unjudged()
        for row in np.flatnonzero(rows.outside | self._open[places]).tolist():
            self._judge(int(places[row]), rows, row, found)
        return found

    def rows(self, place: int, times: Floats, values: Floats) -> DetectorScores:
        """Many rows of one series."""
        if not len(times):
            return empty_scores(0)
        times = np.maximum.accumulate(np.maximum(times, self._latest[place]))
        values = np.clip(values, -MAX_VALUE, MAX_VALUE)
        features, usual = self._features.rows(place, times, values)
        seen = self._seen(place, features, feature_sizes(values))
        still = self._stillness.rows(place, values)
        numbers = self._rows[place] + np.arange(1, len(times) + 1)
        self._rows[place], self._latest[place] = numbers[-1], times[-1]
        rows = self._judging.rows((numbers, times), values, seen, usual, still)
        found, row = rows.unjudged(), -1
        for outside in (*np.flatnonzero(rows.outside).tolist(), len(values)):
            while self._open[place] and row + 1 < outside:
                row += 1
                self._judge(place, rows, row, found)
            row = outside
            if row < len(values):
                self._judge(place, rows, row, found)
        return found

    def _seen(self, place: int, features: Floats, size: Floats) -> RangeScores:
        each = [
            self._windows.rows(place, number, features[:, number], size[:, number])
            for number in range(NUMBER)
        ]
        return RangeScores(*(np.array(columns).T for columns in zip(*each, strict=True)))

    def _judge(self, place: int, rows: ScoredRows, row: int, found: DetectorScores) -> None:
        episodes = self._episodes[place]
        verdict = episodes.judge(rows.row(row))
        found.score[row], found.grade[row], found.direction[row] = verdict
        self._open[place] = episodes.open is not None


class Detector:
    """A detector for one series; `python -m exporter.anomaly` and the benchmark use it.

    Rows come in order and in pieces of any length, with the same result: a day at once is cheap, and a
    restart that reads the past again ends where it was.
    """

    def __init__(self, tuning: Parameters | None = None) -> None:
        self._detectors = BatchDetector(tuning or Parameters(), 1)
        self._detectors.clear(PLACE)
        self._last = empty_scores(1)

    def read(self, times: ArrayLike, values: ArrayLike) -> DetectorScores:
        """One reading for each row; times in Unix seconds, and a row out of order is of the latest time."""
        moments, given = (np.asarray(column, dtype=np.float64) for column in (times, values))
        known = np.isfinite(given) & np.isfinite(moments)
        moments, finite = moments[known], given[known]
        # the row that was judged last, for rows that cannot be judged
        every = self._last
        for begin in range(0, len(finite), BATCH_ROWS):
            rows = slice(begin, begin + BATCH_ROWS)
            every = every.then(self._read(moments[rows], finite[rows]))
        self._last = every.taken(slice(-1, None))
        found = every.taken(np.cumsum(known))
        return found._replace(score=np.where(known, found.score, 0.0))

    def _read(self, times: Floats, values: Floats) -> DetectorScores:
        """One row alone is cheaper as a round of one series."""
        if len(times) == 1:
            return self._detectors.round(np.array([PLACE]), times, values)
        return self._detectors.rows(PLACE, times, values)


def feature_sizes(values: Floats) -> Floats:
    """How large what the features are made of is, of shape (series or rows, NUMBER)."""
    size = np.repeat(np.abs(values)[None], NUMBER, axis=0)
    size[CHANGE] = 1  # a share, whatever the values
    return size.T


def array_bytes(part: object) -> int:
    """The bytes of the arrays in this, and in what it is made of."""
    if isinstance(part, np.ndarray):
        return part.nbytes
    own = type(part).__module__.startswith(__package__ or "")
    return sum(map(array_bytes, vars(part).values())) if own and hasattr(part, "__dict__") else 0
