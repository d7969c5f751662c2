"""Many series, each with a detector of its own, and the present status of each."""

import gc
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from exporter.anomaly.parameters import DAY, HOUR, Parameters
from exporter.anomaly.tracker import STRONG

if TYPE_CHECKING:
    from exporter.anomaly.detector import BatchDetector
    from exporter.anomaly.scoring import DetectorScores

K = TypeVar("K")


LEARNING, NORMAL, ANOMALOUS = "learning", "normal", "anomalous"


STATES = (LEARNING, NORMAL, ANOMALOUS)


class SeriesStatus(NamedTuple):
    """The newest value of a series, the band in which it was expected, and its state.

    State and direction are those of strong anomalies; weak ones show in `grade` alone.
    """

    value: float
    lower: float
    upper: float
    score: float | None
    state: str
    grade: int
    direction: int


class LatestRow(NamedTuple):
    """The newest row of a series."""

    at: float
    status: SeriesStatus


class SeriesDetectors(Generic[K]):
    """Detectors of the first `max_series` series.

    A series that is silent for a day is removed; where others have no place, one that is silent for an hour.
    """

    def __init__(self, parameters: Parameters, max_series: int) -> None:
        self._parameters = parameters
        self._max_series = max_series
        self._loaded: BatchDetector | None = None
        self._places: dict[K, int] = {}
        self._free = list(range(max_series))[::-1]
        self._last: dict[K, LatestRow] = {}
        self._unwatched: dict[K, float] = {}

    def __len__(self) -> int:
        return len(self._places)

    def read(self, key: K, times: Sequence[float], values: Sequence[float]) -> None:
        """Read further rows of a series; rows that it has already read are skipped."""
        begin = self._first_new(key, times)
        if begin == len(times):
            return
        place = self._place(key, times[-1])
        if place is None:
            return
        import numpy as np  # noqa: PLC0415 - as in _detectors

        times, values = times[begin:], values[begin:]
        found = self._detectors().rows(place, np.array(times), np.array(values))
        self._record([key], times[-1:], values[-1:], found.select(slice(-1, None)))

    def read_round(self, found: Sequence[tuple[K, Sequence[float], Sequence[float]]]) -> None:
        """Read a few rows of each of many series together: as key, times and values."""
        new = [(key, times, values, self._first_new(key, times)) for key, times, values in found]
        lines = [zip(times[begin:], values[begin:], strict=True) for _, times, values, begin in new]
        for rows in zip_longest(*lines):
            rows_read = [(key, *row) for (key, *_), row in zip(new, rows, strict=True) if row is not None]
            self._round(rows_read)

    def _round(self, rows_read: list[tuple[K, float, float]]) -> None:
        placed = [(key, self._place(key, at), at, value) for key, at, value in rows_read]
        watched = [(key, place, at, value) for key, place, at, value in placed if place is not None]
        if not watched:
            return
        import numpy as np  # noqa: PLC0415 - as in _detectors

        keys, places, times, values = zip(*watched, strict=True)
        found = self._detectors().round(np.array(places), np.array(times), np.array(values))
        self._record(keys, times, values, found)

    def _first_new(self, key: K, times: Sequence[float]) -> int:
        last = self._last.get(key)
        if last is None or not times or times[0] > last.at:
            return 0
        return next((number for number, at in enumerate(times) if at > last.at), len(times))

    def _place(self, key: K, at: float) -> int | None:
        """The place of this series in the detector; None if there is no room for it."""
        if key in self._places:
            return self._places[key]
        if not self._free:
            self._unwatched[key] = at
            return None
        self._unwatched.pop(key, None)
        place = self._places[key] = self._free.pop()
        self._detectors().clear(place)
        return place

    def load(self) -> None:
        """Load numpy and the detector, which the first row needs."""
        self._detectors()

    def _detectors(self) -> "BatchDetector":
        # it imports numpy, 11 MiB that an exporter without watched series does not need
        from exporter.anomaly.detector import BatchDetector  # noqa: PLC0415

        if self._loaded is None:
            self._loaded = BatchDetector(self._parameters, self._max_series)
            # what was loaded stays: garbage collection of it would delay scrapes
            gc.freeze()
        return self._loaded

    def _record(
        self, keys: Sequence[K], times: Sequence[float], values: Sequence[float], found: "DetectorScores"
    ) -> None:
        for row, (key, at, value) in enumerate(zip(keys, times, values, strict=True)):
            self._last[key] = LatestRow(at, series_status(value, found, row))

    def statuses(self, since: float) -> Iterator[tuple[K, SeriesStatus]]:
        """The status of each series with a row since this time."""
        return ((key, last.status) for key, last in self._last.items() if last.at >= since)

    def count_unwatched(self, since: float) -> int:
        """The number of series with a row since this time that are not watched."""
        return sum(at >= since for at in self._unwatched.values())

    def mark_unwatched(self, key: K, at: float) -> None:
        """Record a series with a row at this time that cannot be watched."""
        self._unwatched[key] = at

    def remove_silent(self, now: float) -> None:
        """Remove the series that are silent for too long, to make room."""
        self._unwatched = {key: at for key, at in self._unwatched.items() if at >= now}
        silence = HOUR if self._unwatched else DAY
        for key in [key for key, last in self._last.items() if last.at < now - silence]:
            del self._last[key]
            self._free.append(self._places.pop(key))


def series_status(value: float, found: "DetectorScores", row: int) -> SeriesStatus:
    """The status of a series after this row; a weak anomaly shows in its grade alone."""
    lower, upper, score = float(found.lower[row]), float(found.upper[row]), float(found.score[row])
    grade, direction = int(found.grade[row]), int(found.direction[row])
    if lower != lower:  # noqa: PLR0124 - not a number: too little is known
        return SeriesStatus(value, lower, upper, None, LEARNING, 0, 0)
    strong = grade == STRONG
    return SeriesStatus(
        value, lower, upper, score, ANOMALOUS if strong else NORMAL, grade, direction if strong else 0
    )
