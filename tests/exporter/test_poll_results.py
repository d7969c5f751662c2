"""What a poller gives: the last result for as long as it counts, and the reason where there is none."""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf

import pytest

from exporter.errors import PollDeferred, RequestFailed, RouteNotFound, SourceMisconfigured, SourceTimeout
from exporter.footprint import current_query
from exporter.poll_policy import PollPolicy, SourceConstraints
from exporter.polling import MIN_PAUSE, Poller
from exporter.scrape import Scrape, current_scrape

OFTEN = PollPolicy(min_interval=1.0)


class Source:
    """A source whose polls a test lets fail, and which may be busy elsewhere."""

    def __init__(self, policy: PollPolicy) -> None:
        self.now, self.polls, self.is_busy = 1000.0, 0, False
        self.error: Exception | None = None
        self.query = ""  # for which it was polled last
        constraints = SourceConstraints(holds_last_result=lambda: self.is_busy)
        self.poller = Poller("source /page of it", self._answer, policy, lambda: self.now, constraints)

    async def _answer(self) -> int:
        self.polls += 1
        self.query = current_query.get()
        if self.error is not None:
            raise self.error
        return self.polls

    async def get(self, later: float = 0.0) -> int:
        """The result for a caller that comes so many seconds later."""
        self.now += later
        return await self.poller.get()

    async def scraped(self, later: float = 0.0) -> int:
        """The same for a scrape of its own."""
        token = current_scrape.set(Scrape(asyncio.get_running_loop().time() + 5))
        try:
            return await self.get(later)
        finally:
            current_scrape.reset(token)


def given(policy: PollPolicy, check: Callable[[Source], Awaitable[None]]) -> None:
    """Run the check with a fresh source."""

    async def run() -> None:
        async with asyncio.timeout(5):
            source = Source(policy)
            await check(source)
            await source.poller.close()

    asyncio.run(run())


def test_while_its_source_is_busy_elsewhere_the_last_result_counts_however_old() -> None:
    async def check(source: Source) -> None:
        source.is_busy = True
        assert await source.get() == 1  # nothing was known before
        assert await source.get(later=999.0) == 1
        source.is_busy = False
        assert await source.get() == 2

    given(OFTEN, check)


def test_while_its_source_is_busy_elsewhere_the_last_failure_counts() -> None:
    async def check(source: Source) -> None:
        source.error = RequestFailed("no")
        assert not await source.poller.is_responding()
        source.is_busy, source.error = True, None
        assert not await source.poller.is_responding()
        source.now += 99.0
        assert not await source.poller.is_responding()
        assert source.polls == 1
        source.is_busy = False
        assert await source.poller.is_responding()

    given(OFTEN, check)


def test_a_timeout_of_a_source_that_is_busy_elsewhere_is_no_failure() -> None:
    async def check(source: Source) -> None:
        assert await source.get() == 1
        source.is_busy, source.error = True, TimeoutError()
        for _ in range(2):
            await source.poller.refresh()
            assert (source.poller.error, source.poller.last_result) == (None, 1)
        await source.poller.refresh()
        assert isinstance(source.poller.error, SourceTimeout)
        assert source.poller.last_result is None

    given(OFTEN, check)


def test_a_source_that_is_left_alone_keeps_its_result_for_a_while() -> None:
    async def check(source: Source) -> None:
        assert await source.get() == 1
        source.error = PollDeferred("left alone", 7.0)
        assert await source.get(later=2.0) == 1
        assert source.poller.next_due() == source.now + 7.0
        assert await source.get(later=1.5) == 1  # two intervals, a time-out of one second, and half a second
        assert source.polls == 2
        with pytest.raises(PollDeferred, match="left alone"):
            await source.get(later=0.1)
        source.is_busy = True
        assert await source.get() == 1
        source.is_busy, source.error = False, None
        assert await source.get(later=7.0) == 3
        assert source.poller.deferred is None

    given(OFTEN, check)


def test_a_source_that_was_never_polled_is_unknown_for_the_reason_that_is_known() -> None:
    async def check(source: Source) -> None:
        with pytest.raises(PollDeferred, match="source /page of it was not polled yet"):
            await source.poller.is_responding()
        assert source.polls == 0
        source.error = PollDeferred("left alone", 7.0)
        await source.poller.refresh()
        with pytest.raises(PollDeferred, match="left alone"):
            await source.get()

    given(PollPolicy(interval=inf), check)


def test_what_is_polled_in_the_background_is_polled_by_a_caller_for_the_first_result_only() -> None:
    async def check(source: Source) -> None:
        source.error = RequestFailed("no")
        for later, polls in ((0.0, 1), (0.4, 1), (0.1, 2), (0.9, 2)):
            with pytest.raises(RequestFailed):
                await source.get(later)
            assert source.polls == polls
        source.error = None
        assert await source.get(later=0.1) == 3
        assert await source.get(later=19.0) == 3
        source.error = RequestFailed("no")
        await source.poller.refresh()
        with pytest.raises(RequestFailed):
            await source.get(later=99.0)
        assert source.polls == 4

    given(PollPolicy(interval=10.0), check)


def test_a_route_that_does_not_exist_is_told_from_a_failure() -> None:
    async def check(source: Source) -> None:
        source.error = RequestFailed("source /page of it returned 404", 404)
        with pytest.raises(
            RouteNotFound, match="/page of it does not exist: source /page of it returned 404"
        ):
            await source.get()
        source.error = SourceMisconfigured("the password is wrong")
        source.now += 900.0
        with pytest.raises(SourceMisconfigured):
            await source.poller.is_responding()
        assert source.polls == 2

    given(PollPolicy(may_be_absent=True), check)


def test_a_result_of_another_request_is_taken_unless_a_poll_is_under_way() -> None:
    async def check(source: Source) -> None:
        source.error = PollDeferred("left alone", 7.0)
        await source.poller.refresh()
        source.poller.adopt(7)
        assert (await source.get(), source.poller.deferred) == (7, None)
        assert source.poller.requested_at == source.poller.succeeded_at == source.now
        source.error = None
        under_way = asyncio.create_task(source.poller.refresh())
        await asyncio.sleep(0)
        source.poller.adopt(8)
        await under_way
        assert source.poller.last_result == 2

    given(OFTEN, check)


@pytest.mark.parametrize(("apart", "is_ahead"), [(0.5, True), (2.9, True), (3.0, False)])
def test_scrapes_that_come_often_have_it_polled_ahead(apart: float, is_ahead: bool) -> None:
    async def check(source: Source) -> None:
        await source.scraped()
        assert not source.poller.is_polled_ahead
        await source.scraped(later=apart)
        assert source.poller.is_polled_ahead == is_ahead

    given(OFTEN, check)


def test_what_costs_nothing_is_never_polled_ahead() -> None:
    async def check(source: Source) -> None:
        assert [await source.scraped(later=0.5) for _ in range(3)] == [1, 2, 3]
        assert not source.poller.is_polled_ahead

    given(PollPolicy(), check)


def test_what_is_no_more_scraped_is_polled_ahead_no_longer() -> None:
    async def check(source: Source) -> None:
        for _ in range(2):
            await source.scraped(later=0.5)
        source.now += 20.0
        while source.poller.is_polled_ahead:  # noqa: ASYNC110  (nobody is told)
            await asyncio.sleep(0.001)
        assert source.polls <= 2
        assert not source.poller.is_polled_ahead

    given(PollPolicy(min_interval=0.01), check)


def test_a_poll_is_known_by_what_is_asked_of_its_source() -> None:
    async def check(source: Source) -> None:
        assert source.poller.query == "/page of it"
        assert source.poller.seconds is None
        await source.get()
        assert source.query == "/page of it"
        assert 0 <= (source.poller.seconds or 0.0) < 1

    given(OFTEN, check)
    assert Poller("prometheus", None, OFTEN).query == "prometheus"


@pytest.mark.parametrize(("apart", "pause"), [(0.25, 0.2), (0.5, None)])
def test_close_scrapes_of_a_quick_source_are_given_the_time_to_poll_by_themselves(
    monkeypatch: pytest.MonkeyPatch, apart: float, pause: float | None
) -> None:
    async def check(source: Source) -> None:
        pauses, sleep = list[float](), asyncio.sleep

        async def recorded(seconds: float) -> None:
            if seconds:
                pauses.append(seconds)
                source.now += seconds
            await sleep(0)

        await source.scraped()
        await source.scraped(later=apart)
        monkeypatch.setattr(asyncio, "sleep", recorded)
        source.now += 0.1
        source.poller.request_refresh()  # due at once
        while source.polls < 2 or not pauses:
            await sleep(0)
        monkeypatch.undo()
        assert pauses[:1] == [pytest.approx(MIN_PAUSE if pause is None else pause)]

    given(PollPolicy(min_interval=2.0), check)
