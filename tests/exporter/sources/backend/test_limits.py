"""What takes long is sent seldom, what blocks the backend is left alone, and nothing is sent in vain."""

import asyncio
import time
from collections.abc import Callable

import pytest

from exporter.errors import PollDeferred, SourceError, SourceTimeout, SourceUnreachable
from exporter.sources.backend import limiter
from exporter.sources.backend.liveness import Liveness
from tests.exporter.sources.backend.test_limiter import Backend


@pytest.mark.parametrize(
    ("share", "took", "pause"), [(0.02, 0.5, 2.0), (0.02, 2.5, 10.0), (0.02, 4.0, 10.0), (0.5, 2.0, 0.0)]
)
def test_background_polls_are_apart_by_what_the_last_one_took(
    monkeypatch: pytest.MonkeyPatch, share: float, took: float, pause: float
) -> None:
    async def run() -> None:
        backend, pauses, prepared = Backend(share), list[float](), list[float]()

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)
            backend.now += seconds

        async def prepare() -> None:
            prepared.append(backend.now)

        monkeypatch.setattr(asyncio, "sleep", sleep)
        for _ in range(2):
            async with backend.limiter.background_turn("/events", prepare):
                backend.now += took
        assert pauses == [0.0, pytest.approx(pause)]
        assert prepared == [0.0, pytest.approx(took + pause)]
        # what was long ago is waited for no more
        backend.now += 60.0
        async with backend.limiter.background_turn("/events", prepare):
            assert pauses[2:] == [0.0]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("took", "answered_at", "blocked"),
    [(0.5, None, ["/events"]), (0.25, None, []), (0.5, 0.0, ["/events"]), (0.5, 10.0, []), (0.5, 10.2, [])],
)
def test_a_request_during_which_no_ping_is_answered_blocks_the_backend(
    took: float, answered_at: float | None, blocked: list[str]
) -> None:
    async def run() -> None:
        backend, found = Backend(), list[str]()
        backend.limiter.on_block = found.append
        backend.now = 10.0
        async with backend.limiter.turn("/events"):
            backend.now += took
            if answered_at is not None:
                backend.liveness.record_ping_response(answered_at, 0.01)
        assert found == blocked
        assert not backend.liveness.is_request_waiting()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("stops", "waits", "blocked"), [((0.5,), 0.0, []), (12 * (0.05,), 0.0, []), ((), 0.5, ["/events"])]
)
def test_a_route_is_not_blamed_for_what_our_own_loop_is_late(
    stops: tuple[float, ...], waits: float, blocked: list[str]
) -> None:
    async def run() -> None:
        liveness, found = Liveness(), list[str]()
        liveness.record_ping_response(time.monotonic(), 0.01)
        grants = limiter.RequestLimiter(liveness)
        grants.on_block = found.append
        async with grants.turn("/events"):
            for seconds in stops:
                time.sleep(seconds)  # noqa: ASYNC251  (as a busy machine stops us)
                await asyncio.sleep(0)
            await asyncio.sleep(waits)
        assert found == blocked

    asyncio.run(run())


def test_of_two_requests_side_by_side_nobody_knows_which_blocks() -> None:
    async def run() -> None:
        backend, response, found = Backend(), asyncio.Event(), list[str]()
        backend.limiter.on_block = found.append
        hanging = await backend.hang(response)
        await backend.light_request("/db/pool")
        backend.now += 9.0
        response.set()
        await hanging
        assert found == []
        async with backend.limiter.turn("/events"):
            backend.now += 9.0
        assert found == ["/events"]

    asyncio.run(run())


def test_what_blocks_the_backend_is_left_alone_for_as_long_as_that_was_said() -> None:
    async def run() -> None:
        backend = Backend()
        backend.limiter.suspend(["/events", "/cache/stats"], 900.0)
        backend.now = 300.0
        for route in ("/events", "/cache/stats"):
            with pytest.raises(PollDeferred, match="it is not requested for 600 s") as deferred:
                await backend.request(route)
            assert deferred.value.retry_in == 600.0
        await backend.request("/performance")
        backend.now = 900.0
        await backend.request("/events")
        assert backend.got == ["/performance", "/events"]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("happens", "error"),
    [
        (Liveness.record_ping_refused, SourceUnreachable),
        (lambda it: [it.record_ping_silent() for _ in range(3)], SourceTimeout),
        (Liveness.record_timeout, PollDeferred),
    ],
)
def test_nothing_is_sent_to_a_backend_that_is_away(
    monkeypatch: pytest.MonkeyPatch, happens: Callable[[Liveness], object], error: type[SourceError]
) -> None:
    monkeypatch.setattr(limiter, "PING_GRACE", 0.01)

    async def run() -> None:
        backend = Backend()
        happens(backend.liveness)
        for turn in (backend.limiter.turn, backend.limiter.blocking_turn, backend.limiter.light_turn):
            with pytest.raises(error):
                async with turn("/events"):
                    backend.got.append("/events")
        assert backend.got == []

    asyncio.run(run())


def test_without_a_gap_requests_that_block_the_backend_may_follow_each_other() -> None:
    async def run() -> None:
        backend = Backend()
        for route in ("/health", "/workers/status"):
            async with backend.limiter.blocking_turn(route):
                backend.got.append(route)
            backend.liveness.record_ping_response(backend.now, 0.01)
        assert backend.got == ["/health", "/workers/status"]

    asyncio.run(run())
