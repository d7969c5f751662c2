"""Waiting for something to become true, without a fixed sleep."""

import time
from collections.abc import Callable
from typing import TypeVar

PAUSE = 0.02
NOT_YET = (AssertionError, OSError, LookupError)

T = TypeVar("T")


def eventually(check: Callable[[], T], within: float = 20.0) -> T:
    """Return the first truthy answer of `check`, asked again and again for `within` seconds.

    AssertionError, OSError and LookupError raised by `check` count as "not yet"; raises AssertionError
    with the last answer when no truthy one came in time.
    """
    deadline = time.monotonic() + within
    while True:
        answer, seen = _ask(check)
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(f"not true within {within:g} s; last seen: {seen}")
        time.sleep(PAUSE)


def _ask(check: Callable[[], T]) -> tuple[T | None, str]:
    try:
        answer = check()
    except NOT_YET as error:
        return None, repr(error)
    return answer, repr(answer)
