"""A made-up series and how it goes."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.dashboards.prometheus_client import SCRAPE

EXPORTER = {"job": "exporter", "instance": "127.0.0.1:9810"}
HOUR, DAY, SELDOM = 3_600, 86_400, 600
BEGAN = time.time()
# seconds in which a wave goes on by one radian
WAVE_SECONDS = 20_000


@dataclass(frozen=True)
class Series:
    """One series and how it goes: a count that rises, a wave, a moment, a constant, 0 and 1 in turn.

    What is seldom there is so for ten minutes of a day, and in the last hour; what worsens was 0 before.
    """

    name: str
    labels: Mapping[str, str]
    course: str = "wave"
    size: float = 1.0
    # seconds between two samples
    period: int = SCRAPE

    def there(self, seconds: float) -> bool:
        """Whether it has a sample at a Unix time."""
        return not self.course.startswith("seldom") or seconds % DAY < SELDOM or seconds > BEGAN - HOUR

    def at(self, seconds: float) -> float:
        """Its value at a Unix time."""
        if self.course == "rising":
            return self.rising(seconds)
        if self.course in ("seldom", "worsening"):
            return float(seconds >= BEGAN - HOUR / 4 or self.course == "seldom") * self.size
        if self.course.endswith("moment"):
            return seconds // 300 * 300 - 30 * self.size
        if self.course == "constant":
            return self.size
        if self.course == "turning":
            return (seconds // 1800 + self.size) % 2
        return round(self.size * (1.1 + math.sin(seconds / WAVE_SECONDS + self.size * 7)), 4)

    def rising(self, seconds: float) -> float:
        """The count at a Unix time; a week of seconds, so that it has no more digits than a real counter."""
        return round(self.size * (seconds % 1e7), 3)
