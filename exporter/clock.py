"""Time for our own appointments and ages: nobody who sets the wall clock moves them."""

import time

AT_START = time.time() - time.monotonic()
SLEWED = 1.0  # seconds by which the two clocks may differ before the wall clock counts as set


def steady() -> float:
    """Seconds since 1970 as the wall clock stood at our start, which only rise from then on."""
    return AT_START + time.monotonic()


def as_wall(moment: float) -> float:
    """The Unix time, by the wall clock of now, of a moment of the steady clock."""
    return moment + shift()


def as_steady(moment: float) -> float:
    """The moment of the steady clock that the wall clock of now calls by this Unix time."""
    return moment - shift()


def shift() -> float:
    """Seconds by which the wall clock has been set since our start."""
    difference = time.time() - steady()
    return difference if abs(difference) > SLEWED else 0.0
