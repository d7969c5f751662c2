"""When a source is polled next: at its interval, sooner where something looks wrong, later after failures."""

import asyncio
from math import inf

import pytest

from exporter.errors import RequestFailed, SourceError
from exporter.footprint import MAX_CREDIT, Footprint
from exporter.poll_policy import PollPolicy, SourceConstraints
from exporter.poll_schedule import PollSchedule

START = 1000.0
CALM = PollPolicy(timeout=1.0, min_interval=0.25, relaxed_interval=10.0)


class Watched:
    """A schedule whose clock a test moves."""

    def __init__(self, policy: PollPolicy = CALM, budget: float | None = None, is_busy: bool = False) -> None:
        self.now = START
        self.footprint = Footprint("the source", budget, lambda: self.now)
        constraints = SourceConstraints(self.footprint, holds_last_result=lambda: is_busy)
        self.schedule = PollSchedule("it", policy, constraints, lambda: self.now)

    def polled(self, error: SourceError | None = None, later: float = 0.0) -> PollSchedule:
        """The schedule after a poll with this outcome, so many seconds later."""
        self.now += later
        self.schedule.record_request()
        if error is None:
            self.schedule.record_success()
        else:
            self.schedule.record_failure(error)
        return self.schedule

    def due_in(self) -> float:
        """Seconds until the next poll is due."""
        return self.schedule.next_due() - self.now


def test_what_looks_wrong_is_polled_faster_for_as_long_as_that_was_said() -> None:
    it = Watched()
    it.polled().poll_faster(5.0)
    it.schedule.poll_faster(1.0)
    assert it.due_in() == 0.25
    it.now += 4.75
    assert it.schedule.interval() == 0.25
    it.now += 0.25
    assert it.schedule.interval() == 10.0


def test_a_hint_holds_for_as_long_as_that_was_said() -> None:
    it = Watched()
    it.polled().follow_hint(2.0)
    it.schedule.follow_hint(1.0)
    it.now += 1.75
    assert it.schedule.interval() == 0.25
    it.now += 0.25
    assert it.schedule.interval() == 10.0


def test_what_has_no_relaxed_interval_is_never_polled_faster() -> None:
    it = Watched(PollPolicy(interval=30.0, min_interval=0.25))
    it.polled().poll_faster(5.0)
    assert it.due_in() == 30.0


def test_a_clear_sign_may_use_what_a_hint_must_leave() -> None:
    it = Watched(budget=0.02)
    for _ in range(3):
        it.footprint.spend("it", 0.2)
    it.polled().follow_hint(9.0)
    while it.schedule.interval() == 0.25:
        it.footprint.spend("it", 0.2)
    assert it.footprint._credit == pytest.approx(MAX_CREDIT / 2, abs=0.2)
    it.schedule.poll_faster(9.0)
    assert it.schedule.interval() == 0.25


@pytest.mark.parametrize(
    ("asked_at", "due"), [(None, 60.0), (START - 20, START + 40), (START - 90, START - 30)]
)
def test_a_refresh_comes_no_sooner_than_its_gap_after_the_last_request(
    asked_at: float | None, due: float
) -> None:
    it = Watched(PollPolicy(interval=inf, min_refresh_gap=60.0))
    assert it.schedule.next_due() == inf
    it.schedule.requested_at = asked_at
    it.schedule.request_refresh()
    assert it.schedule.next_due() == due
    it.polled()
    assert it.schedule.next_due() == inf


def test_the_soonest_of_two_verifications_counts() -> None:
    it = Watched()
    assert it.polled().seconds_to_refresh() == inf
    it.schedule.verify_soon(2.0)
    it.schedule.verify_soon(0.5)
    it.schedule.verify_soon(3.0)
    assert (it.due_in(), it.schedule.seconds_to_refresh()) == (0.5, 0.5)
    it.now += 0.2
    assert it.schedule.seconds_to_refresh() == pytest.approx(0.3)
    assert it.polled().seconds_to_refresh() == inf


def test_the_longest_of_two_pauses_counts_and_a_result_ends_them() -> None:
    it = Watched()
    it.schedule.pause(20.0)
    it.schedule.pause(5.0)
    assert (it.due_in(), it.schedule.is_backing_off()) == (20.0, True)
    it.now += 20.0
    assert not it.schedule.is_backing_off()
    it.schedule.pause(20.0)
    assert it.polled().next_due() == it.now + 10.0


def test_the_age_of_a_result_and_of_a_request() -> None:
    it = Watched(PollPolicy(timeout=3.0, interval=30.0))
    assert it.schedule.age() == it.schedule.seconds_since_request() == inf
    it.schedule.record_request()
    it.now += 2.0
    it.schedule.record_success()
    it.now += 5.0
    assert (it.schedule.age(), it.schedule.seconds_since_request(), it.schedule.max_age()) == (5, 7, 63)
    assert (it.schedule.succeeded_at, it.schedule.result_requested_at) == (START + 2, START)


@pytest.mark.parametrize(("late", "next_in"), [(0.0, 10.0), (3.0, 7.0), (5.0, 5.0), (8.0, 5.0)])
def test_what_was_late_for_a_scrape_comes_early_next(late: float, next_in: float) -> None:
    it = Watched()
    it.polled()
    it.polled(later=10.0 + late)
    assert it.due_in() == next_in


def test_what_is_polled_in_the_background_makes_up_for_no_delay() -> None:
    it = Watched(PollPolicy(interval=10.0))
    it.polled()
    it.polled(later=13.0)
    assert it.due_in() == 10.0


def test_who_waits_is_told_when_a_poll_is_brought_forward_or_gives_a_result() -> None:
    async def run() -> None:
        it = Watched(PollPolicy(interval=inf, min_refresh_gap=0.0))
        waiting = asyncio.create_task(it.schedule.wait_until_due())
        result = asyncio.create_task(it.schedule.wait_for_success(5.0))
        await asyncio.sleep(0)
        it.schedule.request_refresh()
        await waiting
        assert not result.done()
        it.polled()
        await result
        await it.schedule.wait_for_success(0.001)  # another than that

    asyncio.run(asyncio.wait_for(run(), 4))


@pytest.mark.parametrize(
    "brought_by", ["retry_soon", "poll_faster", "follow_hint", "verify_soon", "request_refresh"]
)
def test_who_waits_is_told_of_whatever_brings_a_poll_forward(brought_by: str) -> None:
    async def run() -> None:
        it = Watched(
            PollPolicy(min_interval=0.01, relaxed_interval=900.0, backoff_base=900.0, max_backoff=900.0)
        )
        it.polled()
        if brought_by == "retry_soon":
            it.polled(RequestFailed("no"))
        waiting = asyncio.create_task(it.schedule.wait_until_due())
        await asyncio.sleep(0)
        it.now += 0.5
        brings = {"retry_soon": it.schedule.retry_soon, "request_refresh": it.schedule.request_refresh}
        if brought_by in brings:
            it.schedule.succeeded_at = START - 900.0 if brought_by == "retry_soon" else START
            brings[brought_by]()
        else:
            getattr(it.schedule, brought_by)(0.01)
        await waiting

    asyncio.run(asyncio.wait_for(run(), 4))
