"""A question is asked by many and answered once, rests when it fails, and is never answered from the past."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

import pytest

from exporter.errors import NotConfigured, RequestFailed, ScrapeDeadlineExceeded, SourceError, SourceTimeout
from exporter.footprint import CALM_PART, Footprint
from exporter.poll_policy import PollPolicy, SourceConstraints
from exporter.polling import Poller
from exporter.scrape import Scrape, current_scrape
from tests.exporter.clock import Clock


class Source:
    """A source that a test can hold up, break and mend; it counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def ask(self) -> int:
        """The number of this asking."""
        self.asked += 1
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return self.asked


def asking(
    pace: PollPolicy,
    check: Callable[[Source, Poller[int], Clock], Awaitable[None]],
    clock: Callable[[], float] | None = None,
) -> None:
    """Run the check with a fresh source and question, and a clock that it moves unless another is given."""

    async def run() -> None:
        source, still = Source(), Clock(1000.0)
        await check(source, Poller("the source", source.ask, pace, clock or still), still)

    asyncio.run(run())


def test_what_another_request_has_brought_along_is_the_newest_result() -> None:
    async def check(source: Source, poller: Poller[int], clock: Clock) -> None:
        assert await poller.get() == 1
        clock.now += 9.0
        poller.adopt(7)
        clock.now += 9.0
        assert await poller.get() == 7
        assert source.asked == 1
        clock.now += 1.5
        assert await poller.get() == 2

    asking(PollPolicy(timeout=1.0, min_interval=10.0), check)


def test_many_who_ask_at_once_share_one_answer() -> None:
    async def check(source: Source, question: Poller[int], _: Clock) -> None:
        assert await asyncio.gather(*(question.get() for _ in range(10))) == [1] * 10

    asking(PollPolicy(), check)


def test_an_answer_serves_for_its_period_and_no_longer() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        await question.get()
        clock.now += 0.4
        assert await question.get() == 1
        clock.now += 0.2
        assert await question.get() == 2

    asking(PollPolicy(min_interval=0.5), check)


def test_a_source_that_hangs_is_not_asked_again_while_it_rests() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        source.open.clear()
        with pytest.raises(SourceTimeout, match=r"the source did not respond within 0\.01 s"):
            await question.get()
        source.open.set()
        with pytest.raises(SourceTimeout):
            await question.get()
        assert source.asked == 1
        clock.now += 10
        assert await question.get() == 2

    asking(PollPolicy(timeout=0.01), check)


def test_rests_grow_with_each_failure_up_to_the_longest() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        source.error = RequestFailed("the source said no")
        rests = []
        for _ in range(6):
            assert not await question.is_responding()
            rests.append(question.next_due() - clock.now)
            clock.now = question.next_due()
        assert rests == [2, 4, 8, 9, 9, 9]

    asking(PollPolicy(backoff_base=1, max_backoff=9), check)


def test_a_caller_that_leaves_does_not_end_the_asking() -> None:
    async def check(source: Source, question: Poller[int], _: Clock) -> None:
        source.open.clear()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await question.get()
        source.open.set()
        assert await question.get() == 1

    asking(PollPolicy(timeout=5), check)


def test_a_background_answer_that_is_too_old_is_no_answer() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        assert await question.get() == 1
        clock.now += 20
        assert await question.get() == 1
        clock.now += 2
        with pytest.raises(SourceTimeout, match="last responded 22 s ago; expected every 10 s"):
            await question.get()

    asking(PollPolicy(interval=10, timeout=1), check)


def test_after_a_failure_the_earlier_background_answer_is_not_served() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        await question.get()
        source.error = RequestFailed("the source said no")
        clock.now += 10
        await question.refresh()
        with pytest.raises(RequestFailed):
            await question.get()

    asking(PollPolicy(interval=10), check)


def test_an_error_of_our_own_reading_is_named_without_its_text() -> None:
    async def check(source: Source, question: Poller[int], _: Clock) -> None:
        source.error = ValueError("payload and password")
        with pytest.raises(SourceError, match=r"^the source failed with ValueError$"):
            await question.get()

    asking(PollPolicy(), check)


def test_no_source_is_no_failure() -> None:
    question: Poller[int] = Poller("nothing", None, PollPolicy())
    with pytest.raises(NotConfigured):
        asyncio.run(question.is_responding())


def test_one_scrape_gets_one_answer_however_long_it_takes() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        current_scrape.set(Scrape(deadline=soon(9)))
        assert await question.get() == 1
        clock.now += 2
        assert await question.get() == 1
        current_scrape.set(Scrape(deadline=soon(9)))
        source.error = RequestFailed("the source is gone")
        for _ in range(2):
            with pytest.raises(RequestFailed):
                await question.get()
            clock.now += 10
        assert source.asked == 2

    asking(PollPolicy(min_interval=0.5), check)


def test_a_scrape_that_is_over_leaves_the_question_open_and_says_nothing_of_the_source() -> None:
    async def check(source: Source, question: Poller[int], _: Clock) -> None:
        source.open.clear()
        current_scrape.set(Scrape(deadline=soon(0.01)))
        with pytest.raises(ScrapeDeadlineExceeded, match="the source did not respond before the deadline"):
            await question.is_responding()
        source.open.set()
        current_scrape.set(Scrape(deadline=soon(9)))
        assert await question.get() == 1

    asking(PollPolicy(timeout=5), check)


def soon(seconds: float) -> float:
    """The event loop's time in so many seconds."""
    return asyncio.get_running_loop().time() + seconds


async def scraped(question: Poller[int]) -> int:
    """The answer as a scrape of its own gets it."""
    token = current_scrape.set(Scrape(asyncio.get_running_loop().time() + 5))
    try:
        return await question.get()
    finally:
        current_scrape.reset(token)


async def until(check: Callable[[], bool]) -> None:
    """Wait until this holds."""
    async with asyncio.timeout(5):
        while not check():  # noqa: ASYNC110  (what is waited for is the state of a question, which tells nobody)
            await asyncio.sleep(0.005)


def test_scrapes_that_come_often_do_not_wait_for_the_source() -> None:
    async def check(source: Source, question: Poller[int], _: Clock) -> None:
        assert await scraped(question) == 1
        await scraped(question)
        await until(lambda: source.asked >= 2)
        source.open.clear()
        held = source.asked
        await until(lambda: source.asked > held)  # it is asked beside, and hangs
        assert await scraped(question) == held
        source.open.set()
        await question.close()

    asking(PollPolicy(timeout=30, min_interval=0.02), check, clock=time.monotonic)


def test_a_failure_met_beside_is_told_at_once_and_healed_beside() -> None:
    async def check(source: Source, question: Poller[int], _: Clock) -> None:
        await scraped(question)
        await scraped(question)
        source.error = RequestFailed("the source said no")
        await until(lambda: question.error is not None)
        with pytest.raises(RequestFailed):
            await scraped(question)
        source.error = None
        await until(lambda: question.error is None)
        assert await scraped(question) == source.asked
        await question.close()

    asking(PollPolicy(min_interval=0.02, backoff_base=0.01, max_backoff=0.02), check, clock=time.monotonic)


def test_close_scrapes_show_what_is_as_new_as_they_are() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        seen = []
        for _ in range(7):
            seen.append(await scraped(question))
            clock.now += 0.25
        assert seen == [1, 1, 2, 2, 3, 3, 4]  # each second scrape asks and waits
        await question.close()

    asking(PollPolicy(min_interval=0.25, relaxed_interval=0.5), check)


def test_scrapes_that_fit_no_interval_keep_to_its_mean() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        for _ in range(60):
            await scraped(question)
            clock.now += 0.25
        assert source.asked == pytest.approx(60 * 0.25 / 0.6, abs=1)  # and not one in 0.75 s
        await question.close()

    asking(PollPolicy(min_interval=0.25, relaxed_interval=0.6), check)


async def close_scrapes_of(
    question: Poller[int], source: Source, clock: Clock, verified_in: float, rises: int = 100
) -> None:
    """Four close scrapes, after which so many results rise, and are to be verified after these seconds."""
    for _ in range(4):
        await scraped(question)
        clock.now += 0.25
    last = source.asked + rises

    async def rise() -> int:
        if source.asked < last:
            question.verify_soon(verified_in)
        return await source.ask()

    question._call = rise


def test_a_close_scrape_shows_a_new_result_with_the_one_that_verifies_it() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        await close_scrapes_of(question, source, clock, verified_in=0.05, rises=1)
        assert await scraped(question) == 4
        clock.now += 0.25
        assert await scraped(question) == 4
        await question.close()

    asking(PollPolicy(min_interval=0.25, relaxed_interval=0.5), check)


def test_what_goes_up_and_down_does_not_delay_page_after_page() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        await close_scrapes_of(question, source, clock, verified_in=0.01)
        assert await scraped(question) == 4  # this one waits for the poll that verifies
        clock.now += 0.25
        assert await scraped(question) == 5
        await question.close()

    asking(PollPolicy(min_interval=0.25, relaxed_interval=0.5), check)


def test_a_scrape_that_has_no_time_left_waits_for_no_verification() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        await close_scrapes_of(question, source, clock, verified_in=0.09)
        current_scrape.set(Scrape(asyncio.get_running_loop().time() + 0.12))
        assert await question.get() == 3
        await question.close()

    asking(PollPolicy(min_interval=0.25, relaxed_interval=0.5), check)


def test_a_close_scrape_does_not_wait_for_a_source_that_has_become_slow() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        for _ in range(4):
            await scraped(question)
            clock.now += 0.25
        source.open.clear()
        assert await scraped(question) == 2  # the last that it gave
        assert source.asked == 3
        source.open.set()
        await question.close()

    asking(PollPolicy(timeout=30, min_interval=0.25, relaxed_interval=0.5), check)


def test_a_scrape_polls_no_earlier_than_a_fifth_of_the_interval() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        seen = []
        for _ in range(8):
            seen.append(await scraped(question))
            clock.now += 0.01
        assert seen == [1, 1, 1, 1, 2, 2, 2, 2]
        await question.close()

    asking(PollPolicy(min_interval=0.04), check)


def test_a_scrape_now_and_then_asks_no_more_than_it_needs() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        for _ in range(3):
            await scraped(question)
            clock.now += 15
            await asyncio.sleep(0)
        assert source.asked == 3

    asking(PollPolicy(min_interval=0.01), check)


SET_BACK = """
import asyncio, time
true, shift = time.time, 0.0
time.time = lambda: true() + shift  # before anything of ours is imported

from exporter.clock import to_wall_time
from exporter.footprint import CALM_PART, Footprint
from exporter.poll_policy import PollPolicy
from exporter.polling import Poller

async def main():
    global shift
    asked = []
    async def ask():
        asked.append(1)
    question = Poller("the source", ask, PollPolicy(interval=0.05, timeout=1))
    await question.refresh()
    for shift in (-3600.0, 3600.0):
        count = len(asked)
        async with asyncio.timeout(1):
            await question.wait_until_due()
            await question.refresh()
        await question.get()
        assert len(asked) == count + 1
        assert abs(to_wall_time(question.succeeded_at) - time.time()) < 1

asyncio.run(main())
"""


def test_a_wall_clock_that_is_set_stops_no_polling_and_makes_no_answer_old_or_of_the_future() -> None:
    subprocess.run([sys.executable, "-c", SET_BACK], check=True, timeout=30)


def test_the_answer_that_is_held_knows_when_it_was_asked_for() -> None:
    async def check(source: Source, question: Poller[int], clock: Clock) -> None:
        await question.refresh()
        clock.now += 5
        source.open.clear()
        under_way = asyncio.create_task(question.refresh())
        await until(lambda: question.requested_at == 1005)
        assert question.result_requested_at == 1000
        source.open.set()
        await under_way
        assert question.result_requested_at == 1005

    asking(PollPolicy(timeout=9), check)


def test_what_fails_at_a_cost_keeps_to_the_budget_as_well() -> None:
    async def check(*_: object) -> None:
        clock = Clock(1000.0)
        footprint = Footprint("the source", 0.02, clock)

        async def hang() -> int:
            clock.now += 1.0
            raise SourceTimeout("no answer")

        question = Poller("it", hang, PollPolicy(interval=1), clock, SourceConstraints(footprint))
        for _turn in range(2):
            await question.refresh()
        assert question.next_due() - clock.now == pytest.approx(50 / CALM_PART)
        others = [
            Poller(f"it {n}", hang, PollPolicy(interval=1), clock, SourceConstraints(footprint))
            for n in range(15)
        ]
        for other in (*others, *others):
            await other.refresh()
        assert others[-1].next_due() - clock.now == pytest.approx(60)

    asking(PollPolicy(), check)


def test_a_renewal_keeps_to_the_budget_as_well() -> None:
    async def check(*_: object) -> None:
        clock = Clock(1000.0)

        async def slow() -> int:
            clock.now += 1.0
            return 1

        question = Poller(
            "it",
            slow,
            PollPolicy(interval=30),
            clock,
            SourceConstraints(Footprint("the source", 0.02, clock)),
        )
        for _turn in range(2):
            await question.refresh()
        question.request_refresh()
        assert question.next_due() - clock.now == pytest.approx(50 / CALM_PART - 1)
        # one poll that verifies the last result waits for no budget
        question.verify_soon(0.25)
        assert question.next_due() - clock.now == pytest.approx(0.25)

    asking(PollPolicy(), check)
