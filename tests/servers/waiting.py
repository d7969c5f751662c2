"""Waiting for something to become true, without a fixed sleep."""

import time
from collections.abc import Callable
from typing import TypeVar

# seconds between two looks: few at first, then a twentieth of what was waited, since looking costs as well
PAUSE, LONGEST_PAUSE, SHARE = 0.02, 0.1, 0.05
NOT_YET = (AssertionError, OSError, LookupError)

T = TypeVar("T")


def eventually(check: Callable[[], T], within: float = 20.0) -> T:
    """Return the first truthy answer of `check`, asked again and again for `within` seconds.

    AssertionError, OSError and LookupError raised by `check` count as "not yet"; raises AssertionError
    with the last answer when no truthy one came in time.
    """
    began = time.monotonic()
    while True:
        answer, seen = _ask(check)
        if answer:
            return answer
        waited = time.monotonic() - began
        if waited >= within:
            raise AssertionError(f"not true within {within:g} s; last seen: {seen}")
        pause_after(waited)


def pause_after(waited: float) -> None:
    """Sleep until the next look, after so many seconds of waiting."""
    time.sleep(min(max(PAUSE, waited * SHARE), LONGEST_PAUSE))


def _ask(check: Callable[[], T]) -> tuple[T | None, str]:
    try:
        answer = check()
    except NOT_YET as error:
        return None, repr(error)
    return answer, repr(answer)
