"""When a ping is due, how long it may take, and what its outcome means."""

import asyncio
from collections.abc import Callable

import pytest

from exporter.sources.backend import liveness as states
from exporter.sources.backend.liveness import REFUSING, RESPONDING, SILENT, Liveness
from tests.exporter.clock import Clock


@pytest.mark.parametrize(
    ("idle", "due", "wait"), [(0.25, False, 0.75), (0.99, False, 0.05), (1.0, True, 0.05)]
)
def test_a_backend_that_is_idle_for_a_second_is_pinged(
    times: Clock, liveness: Liveness, idle: float, due: bool, wait: float
) -> None:
    times.now += idle
    assert liveness.is_ping_due() == due
    assert liveness.ping_wait() == pytest.approx(wait)
    liveness.record_response()
    assert not liveness.is_ping_due()
    assert liveness.ping_wait() == 1.0


@pytest.mark.parametrize(
    ("took", "due", "wait"), [(0.05, False, 0.15), (0.19, False, 0.05), (0.21, True, 0.05)]
)
def test_a_request_of_ours_is_accompanied_by_a_ping_from_a_fifth_of_a_second_on(
    times: Clock, liveness: Liveness, took: float, due: bool, wait: float
) -> None:
    times.now += 0.1
    liveness.record_request_start(times.now)
    times.now += took
    assert liveness.is_ping_due() == due
    assert liveness.ping_wait() == pytest.approx(wait)
    liveness.record_ping_response(times.now, 0.01)
    assert liveness.is_request_waiting()
    assert (liveness.is_ping_due(), liveness.ping_wait()) == (False, 1.0)
    liveness.record_request_end()
    assert not liveness.is_request_waiting()


def test_no_ping_is_sent_while_a_request_of_ours_blocks_the_backend(times: Clock, liveness: Liveness) -> None:
    liveness.record_block_start()
    times.now += 9.0
    assert not liveness.is_ping_due()
    assert not liveness.accepts_requests
    liveness.record_block_end()
    assert liveness.is_ping_due()
    assert liveness.ping_requested.is_set()


def test_a_refusal_makes_a_ping_due_at_once(liveness: Liveness) -> None:
    assert not liveness.is_ping_due()
    liveness.record_refusal()
    assert liveness.is_ping_due()
    assert liveness.ping_requested.is_set()


def test_a_request_that_times_out_stalls_the_backend_until_a_ping_is_answered(liveness: Liveness) -> None:
    liveness.record_timeout()
    assert (liveness.stalled, liveness.accepts_requests, liveness.is_ping_due()) == (True, False, True)
    assert liveness.ping_requested.is_set()
    liveness.record_ping_response(100.0, 0.01)
    assert (liveness.stalled, liveness.accepts_requests) == (False, True)


@pytest.mark.parametrize("happens", [Liveness.record_block_start, lambda it: it.set_ping_overdue(True)])
def test_a_timeout_whose_reason_is_known_stalls_nothing(
    liveness: Liveness, happens: Callable[[Liveness], None]
) -> None:
    happens(liveness)
    assert liveness.is_inconclusive
    liveness.record_timeout()
    assert not liveness.stalled


def test_before_any_verdict_a_first_ping_is_one_of_the_quickest(times: Clock) -> None:
    unknown = Liveness(times)
    assert (unknown.ping_timeout(), unknown.ping_interval()) == (1.0, 0.05)
    assert (unknown.accepts_requests, unknown.is_inconclusive) == (True, False)
    unknown.record_block_start()
    unknown.record_block_end()
    unknown.record_ping_response(times.now, 0.01)
    assert unknown.accepts_requests


def test_pings_of_a_silent_backend_take_longer_and_come_more_seldom(liveness: Liveness) -> None:
    allowed, pauses = [], []
    for _ in range(9):
        allowed.append(liveness.ping_timeout())
        liveness.record_ping_silent()
        pauses.append(liveness.ping_interval())
    assert allowed == [1.0, 2.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0]
    assert pauses == [0.25, 0.25, 0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert (liveness.state, liveness.stalled) == (SILENT, False)
    liveness.record_timeout()
    assert not liveness.stalled
    liveness.record_ping_response(100.0, 0.01)
    assert (liveness.ping_timeout(), liveness.ping_interval()) == (1.0, 0.05)


def test_a_backend_that_refuses_is_pinged_four_times_a_second(liveness: Liveness) -> None:
    assert liveness.ping_interval() == 0.05
    liveness.record_ping_refused()
    assert (liveness.state, liveness.ping_interval(), liveness.is_ping_due()) == (REFUSING, 0.25, True)


@pytest.mark.parametrize("happens", [Liveness.record_ping_silent, Liveness.record_ping_unavailable])
def test_a_first_failed_ping_stalls_a_backend_that_responded(
    liveness: Liveness, happens: Callable[[Liveness], None]
) -> None:
    happens(liveness)
    assert (liveness.state, liveness.stalled) == (RESPONDING, True)
    for _ in range(3):
        happens(liveness)
    assert liveness.state != RESPONDING
    liveness.timeouts = 0
    happens(liveness)  # of what is known to be down
    assert not liveness.stalled


@pytest.mark.parametrize(
    ("happens", "state"),
    [(Liveness.record_ping_silent, SILENT), (Liveness.record_ping_unavailable, REFUSING)],
)
def test_a_silence_that_we_cause_counts_for_nothing(
    liveness: Liveness, happens: Callable[[Liveness], None], state: str
) -> None:
    liveness.record_block_start()
    for _ in range(3):
        happens(liveness)
    assert (liveness.state, liveness.timeouts) == (RESPONDING, 0)
    liveness.record_block_end()
    for _ in range(3):
        happens(liveness)
    assert (liveness.state, liveness.accepts_requests) == (state, state == REFUSING)


@pytest.mark.parametrize(
    ("took", "later", "is_settled"),
    [(0.01, 1.0, True), (0.1, 1.0, True), (0.45, 1.0, True), (0.55, 1.0, False), (0.55, 14.9, False),
     (0.55, 15.0, True)],
)  # fmt: skip
def test_a_block_is_over_with_a_quick_ping_or_after_a_while(
    times: Clock, liveness: Liveness, took: float, later: float, is_settled: bool
) -> None:
    for _ in range(200):
        liveness.record_ping_response(times.now, 0.1)  # as slow as it can be without being slow
    liveness.record_block_start()
    liveness.record_block_end()
    times.now += later
    liveness.record_response()  # of another request: proves nothing of the pile
    liveness.record_ping_silent()
    liveness.record_ping_response(times.now, took)
    assert liveness.accepts_requests == is_settled
    assert liveness.timeouts == 0


@pytest.mark.parametrize(("usual", "is_slow"), [(0.01, True), (0.03, False)])
def test_a_ping_is_slow_by_what_is_usual(liveness: Liveness, usual: float, is_slow: bool) -> None:
    for _ in range(200):
        liveness.record_ping_response(100.0, usual)
    liveness.record_block_start()
    liveness.record_block_end()
    liveness.record_ping_response(100.0, 0.12)
    assert liveness.accepts_requests != is_slow


def test_wrong_settings_leave_the_state_unknown(liveness: Liveness) -> None:
    liveness.record_ping_silent()
    liveness.record_ping_misconfigured()
    assert (liveness.state, liveness.timeouts, liveness.stalled) == (None, 0, False)
    assert asyncio.run(asyncio.wait_for(liveness.is_up(), 0.3)) is None


def test_before_the_first_verdict_nobody_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "FIRST_VERDICT_TIMEOUT", 0.01)

    async def run() -> None:
        async with asyncio.timeout(2):
            assert await Liveness(Clock(100.0)).is_up() is None

    asyncio.run(run())


def test_those_who_wait_for_a_return_are_told_of_each(liveness: Liveness) -> None:
    returns = list[str]()
    liveness.on_return = lambda: returns.append("returned")
    liveness.record_ping_response(100.0, 0.01)
    assert returns == []
    for number in range(2):
        liveness.record_ping_refused()
        assert len(returns) == number
        liveness.record_ping_response(100.0, 0.01)
        assert len(returns) == number + 1


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        (lambda it: it.set_ping_overdue(True), lambda it: it.set_ping_overdue(False)),
        (Liveness.record_timeout, Liveness.record_response),
        (Liveness.record_timeout, Liveness.record_ping_misconfigured),
    ],
)
def test_who_waits_for_the_end_of_a_doubt_is_told_of_it(
    liveness: Liveness, begins: Callable[[Liveness], None], ends: Callable[[Liveness], None]
) -> None:
    async def run() -> None:
        begins(liveness)
        waiting = asyncio.create_task(liveness.wait_until_conclusive())
        await asyncio.sleep(0)
        assert not waiting.done()
        ends(liveness)
        async with asyncio.timeout(2):
            await waiting

    asyncio.run(run())
    assert not liveness.is_inconclusive
