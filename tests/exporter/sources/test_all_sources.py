"""All sources together: what each may cost, and what the last ping of one says to others."""

import asyncio

import pytest

from exporter.errors import (
    PollDeferred,
    RequestFailed,
    ScrapeDeadlineExceeded,
    SourceError,
    SourceMisconfigured,
    SourceTimeout,
)
from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.settings import LimitSettings, Settings
from exporter.sources.all import Sources, last_ping_succeeded


@pytest.mark.parametrize(
    ("error", "up"),
    [
        (None, True),
        (RequestFailed("x"), False),
        (SourceTimeout("x"), False),
        (SourceMisconfigured("x"), None),
        (ScrapeDeadlineExceeded("x"), None),
        (PollDeferred("x"), None),
    ],
)
def test_a_ping_that_proves_nothing_says_nothing(error: SourceError | None, up: bool | None) -> None:
    async def ping() -> bool:
        return True

    async def run() -> bool | None:
        poller = Poller("ping", ping, PollPolicy())
        assert last_ping_succeeded(poller) is None
        await poller.refresh()
        poller.error = error
        return last_ping_succeeded(poller)

    assert asyncio.run(run()) is up
    assert last_ping_succeeded(Poller("ping", None, PollPolicy())) is None


def test_only_what_is_not_ours_has_a_budget() -> None:
    sources = Sources.build(Settings(limits=LimitSettings(own_share=0.03)))
    budgets = {footprint.source: footprint.budget for footprint in sources.footprints}
    of_others = dict.fromkeys(("backend", "database", "cache", "broker", "ingestion"), 0.03)
    assert budgets == {**of_others, "prometheus": None, "service": None}
    assert len([*sources.each()]) == 7
    assert {poller.constraints.footprint for poller in sources.pollers()} <= {*sources.footprints}
