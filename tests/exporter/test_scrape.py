"""How old what is shown is: as old as the oldest answer behind it, unless that is asked on change."""

import asyncio
from math import inf

import pytest

from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.scrape import result_times

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
