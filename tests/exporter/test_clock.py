"""Our moments are those of a steady clock, and are told in the time of the present wall clock."""

import time

import pytest

from exporter import clock


@pytest.mark.parametrize(
    ("set_forward", "shift"), [(3600.0, 3600.0), (-3600.0, -3600.0), (2.0, 2.0), (0.5, 0.0), (-0.5, 0.0)]
)
def test_a_moment_is_told_in_the_time_to_which_the_wall_clock_was_set(
    monkeypatch: pytest.MonkeyPatch, set_forward: float, shift: float
) -> None:
    monkeypatch.setattr(clock, "EPOCH_OFFSET", time.time() - time.monotonic() - set_forward)
    assert clock.to_wall_time(10_000.0) == pytest.approx(10_000.0 + shift, abs=0.2)
    assert clock.to_steady_time(10_000.0 + shift) == pytest.approx(10_000.0, abs=0.2)


def test_the_steady_clock_begins_with_the_time_of_the_day_and_goes_on() -> None:
    before = clock.steady_time()
    assert before == pytest.approx(clock.EPOCH_OFFSET + time.monotonic(), abs=0.2)
    assert clock.steady_time() >= before
