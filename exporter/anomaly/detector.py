"""Says of each row of one series whether it is unusual, from the rows before it alone."""

import numpy as np
from numpy.typing import ArrayLike

from exporter.anomaly.batch_detector import BatchDetector
from exporter.anomaly.parameters import Parameters
from exporter.anomaly.ranges import Floats
from exporter.anomaly.scores import DetectorScores, empty_scores

BATCH_ROWS = 20_000  # rows that are looked at together
PLACE = 0


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
