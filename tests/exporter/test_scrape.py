"""How old what is shown is: as old as the oldest answer behind it, unless that is asked on change."""

import asyncio
from math import inf

import pytest

from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.scrape import Scrape, ScrapeDemand, result_times

ASKED_AT, LATER = 1000.0, 1050.0


@pytest.mark.parametrize(("every", "ages"), [(30.0, [ASKED_AT]), (inf, [])])
def test_what_is_asked_on_change_tells_of_now(every: float, ages: list[float]) -> None:
    now = ASKED_AT

    async def ask() -> str:
        return "healthy"

    async def run() -> list[float]:
        nonlocal now
        question = Poller("the source", ask, PollPolicy(interval=every), lambda: now)
        await question.refresh()
        now = LATER
        used: list[float] = []
        result_times.set(used)
        assert await question.get() == "healthy"
        return used

    assert asyncio.run(run()) == ages


@pytest.mark.parametrize(
    ("apart", "is_frequent", "is_close"),
    [(0.25, True, True), (0.3, True, False), (2.9, True, False), (3.0, False, False)],
)
def test_a_source_is_wanted_often_by_scrapes_that_are_not_far_apart(
    apart: float, is_frequent: bool, is_close: bool
) -> None:
    now = 0.0
    demand = ScrapeDemand(lambda: now)
    assert demand.age() == inf
    first, second = Scrape(1.0), Scrape(2.0)
    assert not demand.record(first)
    now = apart
    assert not demand.record(first), "it is the same scrape still"
    assert not demand.record(None)
    assert demand.age() == apart
    assert demand.record(second) == is_frequent
    assert (demand.is_close, demand.age()) == (is_close, 0.0)
