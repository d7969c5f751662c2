"""The few numbers of the detector: one set for every series."""

import math
from dataclasses import dataclass

DAY = 86_400.0
DAYS = 7  # that the season remembers


@dataclass(frozen=True)
class Tuning:
    """Lengths in rows, one row a period.

    Chosen in the middle of what does well on two labelled sets, not at a peak: a bar between 0.12 and 0.25
    moves the one by 4 points and the other by 0.05 (benchmarks/README.md).
    """

    window: int = 1500  # rows whose least and greatest value are usual
    short: int = 24  # rows of the short mean
    learn: int = 240  # rows before anything is judged
    bar: float = 0.2  # ranges of the window by which a value may lie outside of it
    rise: float = 0.5  # share by which each recent alert raises the bar
    silence: int = 24  # rows after an alert in which none follows
    calm: int = 5  # rows back inside the band that end an episode

    @property
    def memory(self) -> int:
        """Rows for which an alert raises the bar."""
        return 4 * self.window

    @classmethod
    def of(cls, period: float) -> "Tuning":
        """For rows `period` seconds apart: the window holds a day, or each morning would be news."""
        return cls(window=max(cls.window, math.ceil(25 * DAY / 24 / period)))
