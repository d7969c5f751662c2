"""For how long a source is left alone that failed, that may not exist, or whose polls cost it much."""

import pytest

from exporter.errors import RequestFailed, SourceError, SourceTimeout, SourceUnreachable
from exporter.poll_policy import PollPolicy
from tests.exporter.test_poll_schedule import Watched


@pytest.mark.parametrize(
    ("error", "rests"),
    [
        (SourceUnreachable("refused"), [0.5, 1, 2, 4, 5, 5]),
        (SourceTimeout("silent"), [1.0, 2, 4, 8, 9, 9]),
        (RequestFailed("no", 404), [1.0, 2, 4, 8, 9, 9]),
    ],
)
def test_rests_grow_with_each_failure_in_a_row(error: SourceError, rests: list[float]) -> None:
    it = Watched(PollPolicy(backoff_base=0.5, max_backoff=9.0))
    assert [it.polled(error, later=20.0)._backoff_until - it.now for _ in rests] == rests
    assert (it.schedule.failures, it.schedule.failed_at, it.schedule.error) == (6, it.now, error)
    it.polled()
    assert (it.schedule.failures, it.schedule.error) == (0, None)
    assert it.polled(error, later=1.0)._backoff_until - it.now == rests[0]


def test_a_source_that_fails_for_weeks_is_still_polled() -> None:
    it = Watched(PollPolicy(backoff_base=0.5, max_backoff=9.0))
    it.schedule.failures = 5000
    assert it.polled(SourceTimeout("silent")).next_due() == it.now + 9.0


@pytest.mark.parametrize(
    ("status", "times", "absent"),
    [
        (404, 1, True), (501, 1, True), (500, 9, False), (405, 9, False), (None, 9, False),
        (503, 2, False), (503, 3, True),
    ],
)  # fmt: skip
def test_a_route_is_absent_by_its_responses(status: int | None, times: int, absent: bool) -> None:
    it = Watched(PollPolicy(may_be_absent=True))
    for _ in range(times):
        it.polled(RequestFailed("no", status))
    assert it.schedule.absent == absent
    assert (it.due_in() == 900.0) == absent
    assert not it.polled().absent


def test_a_route_that_once_responded_is_not_absent_where_it_is_unavailable() -> None:
    it = Watched(PollPolicy(may_be_absent=True))
    it.polled()
    for _ in range(9):
        assert not it.polled(RequestFailed("no", 503)).absent
    assert it.polled(RequestFailed("no", 404)).absent


@pytest.mark.parametrize("error", [RequestFailed("no", 404), SourceTimeout("silent")])
def test_only_a_response_means_that_a_route_is_absent_and_only_where_it_may_be(error: SourceError) -> None:
    may_be_absent = not isinstance(error, RequestFailed)
    assert not Watched(PollPolicy(may_be_absent=may_be_absent)).polled(error).absent


def test_a_source_that_has_come_back_is_polled_at_once() -> None:
    it = Watched(PollPolicy(interval=30.0, may_be_absent=True))
    it.polled(RequestFailed("no", 404)).retry_soon()
    assert (it.schedule.absent, it.schedule.failures) == (False, 0)
    assert it.due_in() <= 0
    it.polled().pause(7.0)
    it.schedule.retry_soon()  # of what has not failed
    assert it.schedule.is_backing_off()


def test_two_timeouts_of_a_source_that_is_busy_elsewhere_are_excused() -> None:
    it = Watched(is_busy=True)
    rests = []
    for _ in range(2):
        assert it.schedule.excuses_timeout()
        rests.append(it.due_in())
        it.now += 9.0
    assert rests == [0.5, 1.0]
    assert not it.schedule.excuses_timeout()
    it.polled()
    assert it.schedule.excuses_timeout()


def test_no_timeout_of_a_source_that_should_respond_is_excused() -> None:
    assert not Watched().schedule.excuses_timeout()


def test_a_failure_whose_polls_cost_much_rests_for_as_long_as_the_budget_demands() -> None:
    it = Watched(PollPolicy(interval=1.0, max_cost_backoff=60.0), budget=0.02)
    it.schedule.interval()
    for seconds, rest in ((0.5, 0.5 / 0.018), (4.0, 60.0)):
        for _ in range(12):
            it.footprint.spend("it", seconds)
        it.schedule.failures = 0
        assert it.polled(SourceTimeout("silent"))._backoff_until - it.now == pytest.approx(rest)
