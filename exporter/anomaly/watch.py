"""Many series, each with a detector of its own, and how each of them is now."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from exporter.anomaly.tuning import DAY, Tuning
from exporter.anomaly.view import ANOMALOUS, LEARNING, NORMAL, View

if TYPE_CHECKING:
    from exporter.anomaly.detector import Detector

K = TypeVar("K")


class Watch(Generic[K]):
    """The first series that are seen, a bounded number; one that is silent for a day is forgotten."""

    def __init__(self, tuning: Tuning, most: int) -> None:
        self._tuning = tuning
        self._most = most
        self._detectors: dict[K, Detector] = {}
        self._views: dict[K, tuple[float, View]] = {}
        self._left_out: dict[K, float] = {}

    def take(self, key: K, times: list[float], values: list[float]) -> None:
        """Read further rows of a series, at least one."""
        if key not in self._detectors and len(self._detectors) >= self._most:
            self._left_out[key] = times[-1]
            return
        detector = self._detectors.get(key) or self._new(key)
        found = detector.read(times, values).taken(slice(-1, None))
        lower, upper, direction = float(found.lower[0]), float(found.upper[0]), int(found.direction[0])
        state = LEARNING if found.learning[0] else ANOMALOUS if direction else NORMAL
        score = None if state == LEARNING else float(found.score[0])
        self._views[key] = times[-1], View(values[-1], lower, upper, score, state, direction)

    def _new(self, key: K) -> "Detector":
        # with it comes numpy and its 11 MiB, which an exporter that watches no series need not carry
        from exporter.anomaly.detector import Detector  # noqa: PLC0415

        return self._detectors.setdefault(key, Detector(self._tuning))

    def views(self, since: float) -> Iterator[tuple[K, View]]:
        """Those that have said something since this time."""
        return ((key, view) for key, (at, view) in self._views.items() if at >= since)

    def left_out(self, since: float) -> int:
        """How many series have said something since this time and are not watched."""
        return sum(at >= since for at in self._left_out.values())

    def forget(self, now: float) -> None:
        """Make room: what is silent for a day is forgotten."""
        for key in [key for key, (at, _) in self._views.items() if at < now - DAY]:
            del self._views[key], self._detectors[key]
        for key in [key for key, at in self._left_out.items() if at < now - DAY]:
            del self._left_out[key]
