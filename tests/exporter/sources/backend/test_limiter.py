"""One request of ours at a time, and whose turn is next."""

import asyncio

import pytest

from exporter.errors import PollDeferred
from exporter.sources.backend.limiter import RequestLimiter
from exporter.sources.backend.liveness import Liveness


class Backend:
    """A backend that responds, and the requests that it has got."""

    def __init__(self, share: float = 1.0) -> None:
        self.now = 0.0
        self.got: list[str] = []
        self.liveness = Liveness(lambda: self.now)
        self.liveness.record_ping_response(0.0, 0.01)
        self.limiter = RequestLimiter(self.liveness, share, clock=lambda: self.now)

    async def request(self, route: str, response: asyncio.Event | None = None) -> None:
        """One request of ours; it ends with the response."""
        async with self.limiter.turn(route):
            self.got.append(route)
            if response is not None:
                await response.wait()

    async def hang(self, response: asyncio.Event) -> asyncio.Task[None]:
        """One request of ours that waits for its response, while the backend responds to a ping."""
        hanging = asyncio.create_task(self.request("/database", response))
        await asyncio.sleep(0)
        self.liveness.record_ping_response(1.2, 0.01)
        return hanging

    async def light_request(self, route: str) -> None:
        """One request of ours that needs no connection of the pool."""
        async with self.limiter.light_turn(route):
            self.got.append(route)


def test_a_reserved_turn_is_not_given_to_those_that_wait_for_it() -> None:
    async def run() -> None:
        backend, response = Backend(), asyncio.Event()
        report = asyncio.create_task(backend.request("/db/pool", response))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(backend.request("/database"))
        await asyncio.sleep(0)
        backend.limiter.reserve("/db/pool", 0.3)
        response.set()
        await report
        await backend.request("/db/pool")
        await waiting
        assert backend.got == ["/db/pool", "/db/pool", "/database"]

    asyncio.run(run())


def test_a_reserved_turn_that_nobody_takes_is_given_to_the_next() -> None:
    async def run() -> None:
        backend = Backend()
        backend.limiter.reserve("/db/pool", 0.3)
        waiting = asyncio.create_task(backend.request("/database"))
        await asyncio.sleep(0.05)
        assert backend.got == []
        backend.now = 0.4
        await waiting
        assert backend.got == ["/database"]

    asyncio.run(run())


def test_a_light_request_passes_one_that_hangs_once_a_ping_shows_that_it_blocks_nothing() -> None:
    async def run() -> None:
        backend, response = Backend(), asyncio.Event()
        backend.now = 1.0
        hanging = asyncio.create_task(backend.request("/database", response))
        await asyncio.sleep(0)
        light = asyncio.create_task(backend.light_request("/db/pool"))
        await asyncio.sleep(0.05)
        assert backend.got == ["/database"]
        backend.liveness.record_ping_response(1.2, 0.01)
        await light
        assert backend.got == ["/database", "/db/pool"]
        response.set()
        await hanging

    asyncio.run(run())


def test_a_light_request_does_not_pass_one_that_blocks_the_backend() -> None:
    async def run() -> None:
        backend, response = Backend(), asyncio.Event()

        async def block() -> None:
            async with backend.limiter.blocking_turn("/health"):
                await response.wait()

        blocking = asyncio.create_task(block())
        await asyncio.sleep(0)
        light = asyncio.create_task(backend.light_request("/db/pool"))
        await asyncio.sleep(0.05)
        backend.liveness.record_ping_response(1.2, 0.01)
        await asyncio.sleep(0.05)
        assert backend.got == []
        response.set()
        await blocking
        backend.liveness.record_ping_response(1.3, 0.01)
        await light
        assert backend.got == ["/db/pool"]

    asyncio.run(run())


def test_a_light_request_comes_before_those_that_wait_longer() -> None:
    async def run() -> None:
        backend, response = Backend(), asyncio.Event()
        first = asyncio.create_task(backend.request("/database", response))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(backend.request("/cache/stats"))
        await asyncio.sleep(0)
        light = asyncio.create_task(backend.light_request("/db/pool"))
        await asyncio.sleep(0)
        response.set()
        await asyncio.gather(first, waiting, light)
        assert backend.got == ["/database", "/db/pool", "/cache/stats"]

    asyncio.run(run())


@pytest.mark.parametrize("why", ["a ping is overdue", "the turn is reserved for another"])
def test_a_light_request_does_not_pass_while(why: str) -> None:
    async def run() -> None:
        backend, response = Backend(), asyncio.Event()
        hanging = await backend.hang(response)
        if why == "a ping is overdue":
            backend.liveness.set_ping_overdue(True)
        else:
            backend.limiter.reserve("/db/pool", 0.4)
        light = asyncio.create_task(backend.light_request("/metrics"))
        await asyncio.sleep(0.05)
        assert backend.got == ["/database"]
        backend.liveness.set_ping_overdue(False)
        backend.now = 0.5
        await light
        assert backend.got == ["/database", "/metrics"]
        response.set()
        await hanging

    asyncio.run(run())


def test_a_request_that_passes_ends_the_reservation_for_it() -> None:
    async def run() -> None:
        backend, response = Backend(), asyncio.Event()
        hanging = await backend.hang(response)
        backend.limiter.reserve("/db/pool", 0.4)
        await backend.light_request("/db/pool")
        response.set()
        await hanging
        await backend.request("/cache/stats")  # the clock stands still, so a reservation would hold for ever
        assert backend.got == ["/database", "/db/pool", "/cache/stats"]

    asyncio.run(asyncio.wait_for(run(), 5))


def test_light_requests_do_not_pass_each_other() -> None:
    async def run() -> None:
        backend, response, report = Backend(), asyncio.Event(), asyncio.Event()
        hanging = await backend.hang(response)

        async def read_pool() -> None:
            async with backend.limiter.light_turn("/db/pool"):
                await report.wait()

        first = asyncio.create_task(read_pool())
        await asyncio.sleep(0)
        second = asyncio.create_task(backend.light_request("/metrics"))
        await asyncio.sleep(0.05)
        assert backend.got == ["/database"]
        report.set()
        await asyncio.gather(first, second)
        assert backend.got == ["/database", "/metrics"]
        response.set()
        await hanging

    asyncio.run(run())


def test_no_request_blocks_the_backend_soon_after_another() -> None:
    async def run() -> None:
        backend = Backend()
        backend.limiter.block_gap = 60.0
        for second in (0.0, 100.0):
            backend.now = second
            async with backend.limiter.blocking_turn("/health"):
                backend.got.append("/health")
            backend.liveness.record_ping_response(second, 0.01)
        backend.now = 130.0
        with pytest.raises(PollDeferred, match="the next is 30 s away") as deferred:
            async with backend.limiter.blocking_turn("/workers/status"):
                backend.got.append("/workers/status")
        assert deferred.value.retry_in == 30.0
        assert backend.got == ["/health", "/health"]
        backend.now = 160.0
        async with backend.limiter.blocking_turn("/workers/status"):
            backend.got.append("/workers/status")
        assert backend.got == ["/health", "/health", "/workers/status"]

    asyncio.run(run())
