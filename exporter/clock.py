"""A steady clock for intervals and ages, which a change of the wall clock does not move."""

import time

EPOCH_OFFSET = time.time() - time.monotonic()
MAX_SLEW = 1.0  # seconds by which the two clocks may differ before the wall clock counts as set


def steady_time() -> float:
    """Seconds since 1970 by the wall clock at our start; they never go back."""
    return EPOCH_OFFSET + time.monotonic()


def to_wall_time(moment: float) -> float:
    """The Unix time, by the present wall clock, of a moment of the steady clock."""
    return moment + wall_clock_shift()


def to_steady_time(moment: float) -> float:
    """The moment of the steady clock at this Unix time of the present wall clock."""
    return moment - wall_clock_shift()


def wall_clock_shift() -> float:
    """Seconds by which the wall clock has been set since our start."""
    difference = time.time() - steady_time()
    return difference if abs(difference) > MAX_SLEW else 0.0
