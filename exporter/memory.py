"""Memory that is no longer needed, given back to the machine."""

import ctypes
import gc
from collections.abc import Callable
from functools import cache


def collect() -> None:
    """Free what is garbage, and give it back; for the start, since it stops everything for a while."""
    gc.collect()
    give_back()


def give_back() -> None:
    """Return what was freed: glibc keeps it otherwise, for a burst that may never come again.

    Takes some milliseconds. Does nothing with another C library. See malloc_trim(3).
    """
    trim = malloc_trim()
    if trim is not None:
        trim(0)


@cache
def malloc_trim() -> Callable[[int], int] | None:
    """The function of glibc, None where the C library has none."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    return found
