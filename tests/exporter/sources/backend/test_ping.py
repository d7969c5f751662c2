"""Which route is pinged, and what delays of ours mean."""

import asyncio

import pytest

from exporter.errors import LocalNetworkError
from exporter.sources.backend import ping
from exporter.sources.backend.liveness import Liveness
from exporter.sources.backend.ping import PING_CANDIDATES, BackendPinger, PingRoutes
from tests.exporter.clock import Clock

FIRST, SECOND = PING_CANDIDATES


def test_the_first_route_that_is_fast_enough_is_chosen() -> None:
    routes = PingRoutes(None)
    assert routes.in_order(0) == (FIRST, SECOND)
    assert (routes.is_good_enough(0.2), routes.is_good_enough(0.21)) == (True, False)
    routes.choose({FIRST: 0.5, SECOND: 0.3})
    assert routes.in_order(0) == routes.in_order(2) == (SECOND, FIRST)
    assert routes.in_order(1) == (FIRST, SECOND)
    assert routes.is_good_enough(9.0)


def test_the_route_of_the_settings_is_the_first_and_the_others_stand_in() -> None:
    routes = PingRoutes("/mine")
    assert routes.in_order(0) == routes.in_order(5) == ("/mine",)
    routes.choose({"/mine": 0.5})
    assert routes.in_order(0) == ("/mine", FIRST, SECOND)
    assert routes.in_order(2) == (SECOND, "/mine", FIRST)


def test_another_route_is_chosen_once_the_chosen_one_was_silent_alone_three_times_in_a_row() -> None:
    routes = PingRoutes(None)
    routes.choose({FIRST: 0.1})
    for took in ({SECOND: 0.1}, {SECOND: 0.1}, {FIRST: 0.1}, {SECOND: 0.1}, {SECOND: 0.1}):
        routes.choose(took)
        assert routes.in_order(0)[0] == FIRST
    routes.choose({SECOND: 0.1})
    assert routes.in_order(0)[0] == SECOND


@pytest.mark.parametrize("error", [None, TimeoutError()])
def test_silence_proves_nothing_while_a_ping_is_overdue(
    liveness: Liveness, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    monkeypatch.setattr(ping, "OVERDUE_AFTER", 0.001)
    seen = list[bool]()

    async def send(_: str, __: float) -> float:
        seen.append(liveness.is_inconclusive)
        await asyncio.sleep(0.01)
        seen.append(liveness.is_inconclusive)
        if error is not None and len(seen) == 2:
            raise error
        return 0.01

    async def run() -> None:
        pinger = BackendPinger(liveness, send, None)
        for _ in range(2):
            await pinger.ping()
        await asyncio.sleep(0.01)
        assert not liveness.is_inconclusive

    asyncio.run(run())
    assert seen == [False, True, error is not None, True]


@pytest.mark.parametrize(("took", "pause"), [(0.25, 0.75), (9.0, 0.0)])
def test_a_fault_of_our_network_takes_as_long_as_a_silence(
    times: Clock, liveness: Liveness, monkeypatch: pytest.MonkeyPatch, took: float, pause: float
) -> None:
    pauses = list[float]()

    async def send(_: str, __: float) -> float:
        times.now += took
        raise LocalNetworkError("no name resolution")

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(BackendPinger(liveness, send, None, times).ping())
    assert (pauses, liveness.timeouts) == ([pause], 1)


@pytest.mark.parametrize(("took", "silences"), [(1.0, 1), (1.3, 1), (1.31, 0)])
def test_a_lag_of_our_own_is_no_silence(times: Clock, liveness: Liveness, took: float, silences: int) -> None:
    async def send(_: str, __: float) -> float:
        times.now = took
        raise TimeoutError

    times.now = 0.0
    asyncio.run(BackendPinger(liveness, send, None, times).ping())
    assert liveness.timeouts == silences
