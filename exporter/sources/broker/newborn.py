"""Series that begin: each is shown at 0 before it counts, so that its first events are an increase.

Prometheus sees no increase in a series that is born at 8. A series is held at 0 from the scrape that first
shows it for as long as two scrapes may be apart.
"""

import time
from collections.abc import Callable, Hashable

from exporter.metrics import HistogramData


class ZeroInitializer:
    """When each series was first shown."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._shown_at: dict[Hashable, float] = {}

    def counter(self, series: Hashable, count: float) -> float:
        """The count of a series that was shown at 0, and 0 of one that is new."""
        return 0.0 if self._is_new(series) else count

    def histogram(self, series: Hashable, spread: HistogramData) -> HistogramData:
        """The same of a histogram."""
        return HistogramData(dict.fromkeys(spread.buckets, 0.0), 0.0, 0.0) if self._is_new(series) else spread

    def _is_new(self, series: Hashable) -> bool:
        now = self._clock()
        shown_at = self._shown_at.get(series)
        if shown_at is None:
            self._shown_at[series] = now
            return True
        return now - shown_at < self._seconds
