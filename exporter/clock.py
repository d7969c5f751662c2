"""Time for our own appointments and ages: nobody who sets the wall clock moves them."""

import time

EPOCH_OFFSET = time.time() - time.monotonic()
MAX_SLEW = 1.0  # seconds by which the two clocks may differ before the wall clock counts as set


def steady_time() -> float:
    """Seconds since 1970 as the wall clock stood at our start, which only rise from then on."""
    return EPOCH_OFFSET + time.monotonic()


def to_wall_time(moment: float) -> float:
    """The Unix time, by the wall clock of now, of a moment of the steady clock."""
    return moment + wall_clock_shift()


def to_steady_time(moment: float) -> float:
    """The moment of the steady clock that the wall clock of now calls by this Unix time."""
    return moment - wall_clock_shift()


def wall_clock_shift() -> float:
    """Seconds by which the wall clock has been set since our start."""
    difference = time.time() - steady_time()
    return difference if abs(difference) > MAX_SLEW else 0.0
