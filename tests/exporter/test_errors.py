"""What is said of a failure: once, with its reason, and once when it is over."""

import logging

import pytest

from exporter.errors import FailureLog


class Clock:
    """A clock that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged."""
    caplog.set_level(logging.INFO, "exporter")
    return caplog


def test_a_source_that_flaps_is_said_once_a_period(said: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    complaints = FailureLog(clock=clock)
    for turn in range(100):
        complaints.log_failure("cache", f"gave no answer for {turn} s")
        complaints.log_recovery("cache")
    assert said.messages == ["cache fails: gave no answer for 0 s", "cache works again"]
    clock.now += 301
    complaints.log_failure("cache", "gave no answer for 7 s")
    assert said.messages[2:] == ["cache fails: gave no answer for 7 s"]


def test_another_reason_is_said_at_once(said: pytest.LogCaptureFixture) -> None:
    complaints = FailureLog(clock=Clock())
    complaints.log_failure("cache", "refused the password")
    complaints.log_failure("cache", "cannot be reached")
    assert len(said.messages) == 2


def test_what_never_failed_does_not_heal(said: pytest.LogCaptureFixture) -> None:
    FailureLog(clock=Clock()).log_recovery("cache")
    assert said.messages == []
