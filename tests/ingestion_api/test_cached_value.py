"""A costly value is computed beside the requests, and is never older than its cost allows."""

from collections.abc import Callable
from threading import Event

import pytest

from ingestion_api.cached_value import COST_FACTOR, FRESH_FACTOR, CachedValue

COST = 0.5


class Timer:
    """Seconds that pass by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def costing(self, value: str) -> Callable[[], str]:
        """What takes half a second to find."""

        def find() -> str:
            self.now += COST
            return value

        return find


def test_a_cheap_value_is_always_new() -> None:
    cached = CachedValue[str](Timer())
    assert [cached.get(lambda: "one"), cached.get(lambda: "two")] == ["one", "two"]


def test_a_value_of_half_its_life_is_computed_beside_the_request() -> None:
    """Who asks has the former one at once."""
    timer, done = Timer(), Event()
    cached = CachedValue[str](timer)
    assert cached.get(timer.costing("one")) == "one"
    timer.now += FRESH_FACTOR * COST - 0.1
    assert cached.get(timer.costing("never")) == "one"
    timer.now += 0.2

    def find() -> str:
        assert done.wait(5)
        return "two"

    assert [cached.get(find), cached.get(find)] == ["one", "one"]
    done.set()
    while cached.get(find) == "one":
        timer.now += COST
    assert timer.now < (COST_FACTOR + 2) * COST


def test_a_value_at_its_end_is_computed_for_who_asks() -> None:
    timer = Timer()
    cached = CachedValue[str](timer)
    cached.get(timer.costing("one"))
    timer.now += COST_FACTOR * COST
    assert cached.get(timer.costing("two")) == "two"


def test_a_value_that_is_kept_serves_while_a_newer_one_is_computed() -> None:
    timer, done = Timer(), Event()
    cached = CachedValue[str](timer, kept=600)
    cached.get(timer.costing("one"))
    timer.now += 599

    def find() -> str:
        assert done.wait(5)
        return "two"

    assert cached.get(find) == "one"
    done.set()
    timer.now += 2
    assert cached.get(find) == "two"


def test_what_goes_wrong_beside_the_requests_is_raised_once_the_value_has_ended() -> None:
    timer, tried = Timer(), Event()
    cached = CachedValue[str](timer)
    cached.get(timer.costing("one"))

    def fail() -> str:
        tried.set()
        raise OSError("the database is away")

    timer.now += FRESH_FACTOR * COST
    assert cached.get(fail) == "one"
    assert tried.wait(5)
    timer.now += FRESH_FACTOR * COST
    with pytest.raises(OSError, match="away"):
        cached.get(fail)
