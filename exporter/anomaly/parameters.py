"""The few numbers of the detector: one set for every series."""

import math
from dataclasses import dataclass
from datetime import date

HOUR, DAY = 3600.0, 86_400.0
DAYS = 7  # that the season remembers


@dataclass(frozen=True)
class Parameters:
    """Lengths in rows, one row a period; `lasts` in seconds.

    Chosen in the middle of what does well on two labelled sets, not at a peak (benchmarks/README.md).
    """

    window: int = 1500  # rows whose least and greatest value are usual
    learn: int = 240  # rows before anything is judged
    bar: float = 0.25  # ranges of the window by which a value may lie outside of it
    strong: float = 2.0  # bars from which it is strongly unusual
    wild: float = 1.0  # times as far as its marks before, from which one of a wild series is strong
    rise: float = 0.5  # share by which each recent mark raises the bar
    caution: float = 0.0  # share by which an empty window raises the bar, less and less as it fills
    clip: float = 0.2  # ranges beyond the window at which what enters it is cut off
    short: int = 24  # rows of the short mean
    just: int = 5  # rows before one that its jump is measured against
    spread: int = 60  # rows over which the spread is a mean
    spread_weight: float = 1.5
    fast: int = 3  # rows that are compared with those before them, as a share
    slow: int = 30
    change_weight: float = 1.5
    floor: float = 0.5  # share of the window of values that a jump's range is at least
    still: int = 60  # rows without any change that are never unusual
    silence: int = 24  # rows after a mark in which none follows
    calm: int = 5  # rows back inside the band that end an episode
    usual: int = 240  # rows after which what came has become usual
    lasts: float = math.inf  # seconds after which a mark ends, however few rows came
    holidays: frozenset[date] = frozenset()  # days in UTC that are like a Sunday

    @property
    def memory(self) -> int:
        """Rows for which a mark raises the bar."""
        return 4 * self.window

    @classmethod
    def of(cls, period: float, learn: float = DAY, holidays: frozenset[date] = frozenset()) -> "Parameters":
        """For rows `period` seconds apart: the window holds a day, or each morning would be news."""
        return cls(
            window=max(cls.window, math.ceil(25 * HOUR / period)),
            learn=math.ceil(learn / period),
            still=max(cls.still, math.ceil(HOUR / period)),
            lasts=cls.usual * period,
            caution=0.5,
            holidays=holidays,
        )
