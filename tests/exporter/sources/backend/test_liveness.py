"""No state of the watch over the backend is without a way back, and none is reached by less than it takes."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from exporter.errors import LocalNetworkError, RequestFailed, SourceUnreachable
from exporter.sources.backend import ping
from exporter.sources.backend.liveness import (
    MAX_RETRY_INTERVAL,
    MAX_SETTLING,
    REFUSING,
    RESPONDING,
    SILENT,
    Liveness,
)
from exporter.sources.backend.ping import PING_CANDIDATES, BackendPinger

FIRST, SECOND = PING_CANDIDATES
Answer = Callable[[str], Awaitable[float]]


class Watch:
    """A watch whose clock a test moves, and which hears what the test says of each route."""

    def __init__(self, route: str | None = None) -> None:
        self.now = 0.0
        self.pinged: list[str] = []
        self.takes: float = 0.01
        self.raises: dict[str, Exception] = {}
        self.liveness = Liveness(lambda: self.now)
        self.pinger = BackendPinger(self.liveness, self._ping, route, lambda: self.now)

    async def _ping(self, route: str, _: float) -> float:
        self.pinged.append(route)
        if route in self.raises:
            self.now += 0.01
            raise self.raises[route]
        self.now += self.takes
        return self.takes

    async def pings(self, times: int) -> None:
        """Have it ping so often, without the pauses in between."""
        for _ in range(times):
            await self.pinger.ping()

    def all_raise(self, error: Exception) -> None:
        """Every route does."""
        self.raises = dict.fromkeys((*PING_CANDIDATES, "/mine"), error)


def watching(check: Callable[[Watch], Coroutine[Any, Any, None]], route: str | None = None) -> None:
    """Run the check with a watch that has heard the backend once."""

    async def run() -> None:
        watch = Watch(route)
        await watch.pings(1)
        assert watch.liveness.state == RESPONDING
        await check(watch)

    asyncio.run(run())


def test_a_backend_whose_ping_is_always_slow_is_asked_again_after_a_block() -> None:
    async def check(watch: Watch) -> None:
        watch.takes = 0.8
        watch.liveness.record_block_start()
        watch.liveness.record_block_end()
        await watch.pings(3)
        assert not watch.liveness.accepts_requests
        await watch.pings(2 * int(MAX_SETTLING))
        assert watch.liveness.accepts_requests
        assert not watch.liveness.is_inconclusive

    watching(check)


def test_a_late_answer_behind_a_pile_ends_the_silence_before_it() -> None:
    async def check(watch: Watch) -> None:
        watch.liveness.record_block_start()
        watch.liveness.record_block_end()
        for _ in range(3):
            watch.all_raise(TimeoutError())
            await watch.pings(1)
            watch.raises, watch.takes = {}, 0.9
            await watch.pings(1)
        assert watch.liveness.state == RESPONDING

    watching(check)


@pytest.mark.parametrize("route", [None, "/mine"])
def test_a_route_that_alone_is_silent_takes_nothing_down(route: str | None) -> None:
    async def check(watch: Watch) -> None:
        mine = route or FIRST
        watch.raises = {mine: TimeoutError()}
        for _ in range(20):
            await watch.pings(1)
            assert watch.liveness.state == RESPONDING
        assert watch.pinged[-3:] != [mine] * 3
        assert mine not in watch.pinged[-5:], "it is pinged by another route by now"

    watching(check, route)


def test_a_silent_first_candidate_hides_no_second() -> None:
    async def run() -> None:
        watch = Watch()
        watch.raises = {FIRST: TimeoutError()}
        await watch.pings(2)
        assert watch.liveness.state == RESPONDING
        await watch.pings(3)
        assert watch.pinged[-3:] == [SECOND] * 3

    asyncio.run(run())


def test_all_routes_silent_is_down_after_three_and_up_after_one() -> None:
    async def check(watch: Watch) -> None:
        watch.all_raise(TimeoutError())
        await watch.pings(2)
        assert watch.liveness.state == RESPONDING
        await watch.pings(1)
        assert watch.liveness.state == SILENT
        watch.raises = {}
        await watch.pings(1)
        assert watch.liveness.accepts_requests

    watching(check)


def test_a_proxy_that_says_three_times_that_nobody_is_there_is_believed() -> None:
    async def check(watch: Watch) -> None:
        watch.all_raise(RequestFailed("answered 502", 502))
        await watch.pings(2)
        assert watch.liveness.state == RESPONDING
        assert not watch.liveness.accepts_requests
        await watch.pings(1)
        assert watch.liveness.state == REFUSING
        await watch.pings(3)
        assert watch.liveness.state == REFUSING
        assert not watch.liveness.stalled
        watch.raises = {}
        await watch.pings(1)
        assert watch.liveness.accepts_requests

    watching(check)


def test_a_proxy_is_not_believed_while_we_block_the_backend_behind_it() -> None:
    async def check(watch: Watch) -> None:
        watch.liveness.record_block_start()
        watch.all_raise(RequestFailed("answered 504", 504))
        await watch.pings(5)
        assert watch.liveness.state == RESPONDING

    watching(check)


def test_a_resolver_that_fails_is_given_the_time_of_a_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check(watch: Watch) -> None:
        waited: list[float] = []

        async def sleep(seconds: float) -> None:
            waited.append(seconds)
            watch.now += seconds

        monkeypatch.setattr(asyncio, "sleep", sleep)
        watch.all_raise(LocalNetworkError("no answer from the resolver"))
        await watch.pings(2)
        assert watch.liveness.state == RESPONDING
        await watch.pings(1)
        assert watch.liveness.state == REFUSING
        assert sum(waited) == pytest.approx(7, abs=0.1)

    watching(check)


def test_a_backend_that_is_silent_for_a_day_is_still_pinged() -> None:
    async def check(watch: Watch) -> None:
        watch.all_raise(TimeoutError())
        await watch.pings(2000)
        assert watch.liveness.ping_interval() == MAX_RETRY_INTERVAL
        watch.raises = {}
        await watch.pings(1)
        assert watch.liveness.state == RESPONDING

    watching(check)


def test_a_refusal_is_believed_at_once() -> None:
    async def check(watch: Watch) -> None:
        watch.all_raise(SourceUnreachable("refused"))
        await watch.pings(1)
        assert watch.liveness.state == REFUSING

    watching(check)


def test_a_fault_of_ours_ends_no_ping(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        monkeypatch.setattr(ping, "MAX_RETRY_INTERVAL", 0.0)
        watch = Watch()
        watch.all_raise(ValueError("an address that is none"))
        task = asyncio.create_task(watch.pinger.run())
        await asyncio.sleep(0.2)
        watch.raises = {}
        async with asyncio.timeout(5):
            assert await watch.liveness.is_up()
        task.cancel()

    asyncio.run(run())


def test_a_request_that_takes_long_is_accompanied_by_one_answered_ping() -> None:
    async def check(watch: Watch) -> None:
        watch.liveness.record_request_start(watch.now)
        watch.now += 0.1
        assert not watch.liveness.is_ping_due()
        watch.now += 0.2
        assert watch.liveness.is_ping_due()
        await watch.pings(1)
        watch.now += 0.3
        assert not watch.liveness.is_ping_due()

    watching(check)
