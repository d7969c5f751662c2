"""One request of ours at a time, and whose turn is next."""

import asyncio

from exporter.sources.backend.limiter import RequestLimiter
from exporter.sources.backend.liveness import Liveness


class Backend:
    """A backend that responds, and the requests that it has got."""

    def __init__(self) -> None:
        self.now = 0.0
        self.got: list[str] = []
        liveness = Liveness(lambda: self.now)
        liveness.record_ping_response(0.0, 0.01)
        self.limiter = RequestLimiter(liveness, clock=lambda: self.now)

    async def request(self, route: str, response: asyncio.Event | None = None) -> None:
        """One request of ours; it ends with the response."""
        async with self.limiter.turn(route):
            self.got.append(route)
            if response is not None:
                await response.wait()


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
