"""Many series, each with a detector of its own, and how each of them is now."""

import gc
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from exporter.anomaly.parameters import DAY, Parameters
from exporter.anomaly.tracker import STRONG

if TYPE_CHECKING:
    from exporter.anomaly.detector import BatchDetector
    from exporter.anomaly.scoring import DetectorScores

K = TypeVar("K")


LEARNING, NORMAL, ANOMALOUS = "learning", "normal", "anomalous"


STATES = (LEARNING, NORMAL, ANOMALOUS)


class SeriesStatus(NamedTuple):
    """How a series is: its newest value, the band in which that was expected, and what follows.

    State and direction are those of strong marks: `grade` alone tells of the weak ones.
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
    view: SeriesStatus


class SeriesDetectors(Generic[K]):
    """The first series that are seen, a bounded number; one that is silent for a day is forgotten."""

    def __init__(self, tuning: Parameters, most: int) -> None:
        self._tuning = tuning
        self._most = most
        self._held: BatchDetector | None = None
        self._places: dict[K, int] = {}
        self._free = list(range(most))[::-1]
        self._last: dict[K, LatestRow] = {}
        self._left_out: dict[K, float] = {}

    def __len__(self) -> int:
        return len(self._places)

    def take(self, key: K, times: Sequence[float], values: Sequence[float]) -> None:
        """Read further rows of a series; those that it has had already are passed over."""
        begin = self._first_new(key, times)
        if begin == len(times):
            return
        place = self._place(key, times[-1])
        if place is None:
            return
        import numpy as np  # noqa: PLC0415 - as in _detectors

        times, values = times[begin:], values[begin:]
        found = self._detectors().rows(place, np.array(times), np.array(values))
        self._note([key], times[-1:], values[-1:], found.taken(slice(-1, None)))

    def take_round(self, found: Sequence[tuple[K, Sequence[float], Sequence[float]]]) -> None:
        """Read a few rows of each of many series, together: as key, times and values."""
        new = [(key, times, values, self._first_new(key, times)) for key, times, values in found]
        lines = [zip(times[begin:], values[begin:], strict=True) for _, times, values, begin in new]
        for rows in zip_longest(*lines):
            told = [(key, *row) for (key, *_), row in zip(new, rows, strict=True) if row is not None]
            self._round(told)

    def _round(self, told: list[tuple[K, float, float]]) -> None:
        placed = [(key, self._place(key, at), at, value) for key, at, value in told]
        watched = [(key, place, at, value) for key, place, at, value in placed if place is not None]
        if not watched:
            return
        import numpy as np  # noqa: PLC0415 - as in _detectors

        keys, places, times, values = zip(*watched, strict=True)
        found = self._detectors().round(np.array(places), np.array(times), np.array(values))
        self._note(keys, times, values, found)

    def _first_new(self, key: K, times: Sequence[float]) -> int:
        last = self._last.get(key)
        if last is None or not times or times[0] > last.at:
            return 0
        return next((number for number, at in enumerate(times) if at > last.at), len(times))

    def _place(self, key: K, at: float) -> int | None:
        """Where the detector of this series is; None if there is no room for it."""
        if key in self._places:
            return self._places[key]
        if not self._free:
            self._left_out[key] = at
            return None
        self._left_out.pop(key, None)
        place = self._places[key] = self._free.pop()
        self._detectors().clear(place)
        return place

    def prepare(self) -> None:
        """Load what the first row needs."""
        self._detectors()

    def _detectors(self) -> "BatchDetector":
        # with it comes numpy and its 11 MiB, which an exporter that watches no series need not carry
        from exporter.anomaly.detector import BatchDetector  # noqa: PLC0415

        if self._held is None:
            self._held = BatchDetector(self._tuning, self._most)
            # what was loaded stays: to look through it again and again would hold up the scrapes
            gc.freeze()
        return self._held

    def _note(
        self, keys: Sequence[K], times: Sequence[float], values: Sequence[float], found: "DetectorScores"
    ) -> None:
        for row, (key, at, value) in enumerate(zip(keys, times, values, strict=True)):
            self._last[key] = LatestRow(at, series_status(value, found, row))

    def views(self, since: float) -> Iterator[tuple[K, SeriesStatus]]:
        """Those that have said something since this time."""
        return ((key, last.view) for key, last in self._last.items() if last.at >= since)

    def left_out(self, since: float) -> int:
        """How many series have said something since this time and are not watched."""
        return sum(at >= since for at in self._left_out.values())

    def leave_out(self, key: K, at: float) -> None:
        """Remember a series that said something at this time and cannot be watched."""
        self._left_out[key] = at

    def forget(self, now: float) -> None:
        """Make room: what is silent for a day is forgotten."""
        for key in [key for key, last in self._last.items() if last.at < now - DAY]:
            del self._last[key]
            self._free.append(self._places.pop(key))
        for key in [key for key, at in self._left_out.items() if at < now - DAY]:
            del self._left_out[key]


def series_status(value: float, found: "DetectorScores", row: int) -> SeriesStatus:
    """How a series is after this row; a weak mark is told by its grade alone, so that badges leave it."""
    lower, upper, score = float(found.lower[row]), float(found.upper[row]), float(found.score[row])
    grade, direction = int(found.grade[row]), int(found.direction[row])
    if lower != lower:  # noqa: PLR0124 - not a number: too little is known
        return SeriesStatus(value, lower, upper, None, LEARNING, 0, 0)
    strong = grade == STRONG
    return SeriesStatus(
        value, lower, upper, score, ANOMALOUS if strong else NORMAL, grade, direction if strong else 0
    )
