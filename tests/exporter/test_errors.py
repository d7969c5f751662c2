"""What is said of a failure: once, with its reason, and once when it is over."""

import logging

import pytest

from exporter.errors import FailureLog, PollDeferred, RequestFailed
from tests.exporter.clock import Clock


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


@pytest.mark.parametrize(("later", "messages"), [(299.0, 1), (300.0, 2)])
def test_the_same_reason_is_said_again_after_a_period(
    said: pytest.LogCaptureFixture, later: float, messages: int
) -> None:
    clock = Clock()
    complaints = FailureLog(300.0, clock)
    complaints.log_failure("cache", "gave no answer for 7 s")
    clock.now += later
    complaints.log_failure("cache", "gave no answer for 99 s")
    assert len(said.messages) == messages


def test_another_subject_is_said_by_itself(said: pytest.LogCaptureFixture) -> None:
    complaints = FailureLog(clock=Clock())
    for subject in ("cache", "database"):
        complaints.log_failure(subject, "cannot be reached")
    complaints.log_recovery("database")
    complaints.log_recovery("database")
    assert said.messages == [
        "cache fails: cannot be reached", "database fails: cannot be reached", "database works again",
    ]  # fmt: skip


def test_a_reason_of_long_ago_is_forgotten(said: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    complaints = FailureLog(clock=clock)
    for subject in ("a", "b", "c"):
        complaints.log_failure(subject, "cannot be reached")
        clock.now += 200
    assert complaints._logged_at == {("b", "cannot be reached"): 200, ("c", "cannot be reached"): 400}


def test_an_error_knows_its_status_and_when_to_try_again() -> None:
    assert RequestFailed("no", 404).status == 404
    assert (PollDeferred("left alone").retry_in, PollDeferred("left alone", 7.0).retry_in) == (0.25, 7.0)
