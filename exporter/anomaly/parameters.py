"""The parameters of the detector: one set for every series."""

import math
from collections.abc import Container
from dataclasses import dataclass
from datetime import date

HOUR, DAY = 3600.0, 86_400.0
DAYS = 7  # of the seasonal baseline


@dataclass(frozen=True)
class Parameters:
    """Lengths in rows, one row a period; `max_seconds` in seconds.

    Chosen from the middle of the good values on two labelled sets, not at a peak (benchmarks/README.md).
    """

    window: int = 1500  # rows whose minimum and maximum are the usual range
    learn: int = 240  # rows before any anomaly
    threshold: float = 0.25  # ranges of the window by which a value may exceed it
    strong: float = 2.0  # thresholds from which an anomaly is strong
    wild: float = 1.0  # times its earlier anomalies, from which one of a wild series is strong
    peak_rows: int = 20_160  # rows for which the peak of an anomaly is remembered
    threshold_rise: float = 0.5  # ratio by which each recent anomaly raises the threshold
    rise_windows: int = 4  # windows for which it does
    warmup_rise: float = (
        0.0  # ratio by which an empty window raises the threshold; it falls as the window fills
    )
    clip: float = 0.2  # ranges beyond the window at which new values are clipped
    mean_rows: int = 24  # rows of the short mean
    mean_weight: float = 1.0  # as all weights, 0 is without it
    season_weight: float = 1.0
    weekday: bool = True  # whether the time of day counts only as far as the same weekday agrees
    jump_rows: int = 5  # rows before a row that its jump is measured against
    jump_weight: float = 1.0
    spread_rows: int = 60  # rows of the mean spread
    spread_weight: float = 1.5
    max_move: float = 3.0  # times the present spread to which a single move is limited
    change_rows: int = 3  # rows whose mean is compared with that of the rows before
    change_baseline_rows: int = 30
    change_weight: float = 1.5
    floor: float = 0.5  # ratio of the window's range that a jump's range is at least
    flat_rows: int = 60  # rows without a change that are never an anomaly
    cooldown_rows: int = 24  # rows after an anomaly without a new one
    recovery_rows: int = 5  # rows back inside the band that end an anomaly
    max_rows: int = 240  # rows after which an anomaly has become usual
    max_seconds: float = math.inf  # seconds after which an anomaly ends, however few rows came
    holidays: Container[date] = frozenset()  # days in UTC that are like a Sunday

    @property
    def memory(self) -> int:
        """Rows for which an anomaly raises the threshold."""
        return self.rise_windows * self.window

    @classmethod
    def for_interval(
        cls, period: float, learn: float = DAY, holidays: Container[date] = frozenset()
    ) -> "Parameters":
        """Parameters for rows `period` seconds apart; the window holds a day, so that mornings are usual."""
        return cls(
            window=max(cls.window, math.ceil(25 * HOUR / period)),
            learn=math.ceil(learn / period),
            flat_rows=max(cls.flat_rows, math.ceil(HOUR / period)),
            peak_rows=math.ceil(14 * DAY / period),
            max_seconds=cls.max_rows * period,
            warmup_rise=0.5,
            holidays=holidays,
        )
