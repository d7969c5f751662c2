"""A request of ours that needs what users need is sent while the pool and their load leave room for it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from exporter.errors import PollDeferred, RequestFailed
from exporter.footprint import Footprint
from exporter.metrics import HistogramData
from exporter.poll_policy import PollPolicy, SourceConstraints
from exporter.polling import Poller
from exporter.settings_backend import JudgementSettings
from exporter.sources.backend.admission import Admission
from exporter.sources.backend.limiter import RequestLimiter
from exporter.sources.backend.liveness import Liveness
from exporter.sources.backend.pool import PoolUsage
from exporter.sources.backend.request_totals import RequestTotals
from exporter.sources.backend.traffic import TrafficWindow

EMPTY = PoolUsage(20, 0, 5, 0, None)
PAGE = RequestTotals({}, {}, {}, None, None, None, None, None, 1, True)


class Backend:
    """A backend with this pool and these users, and how often its pool was reported."""

    def __init__(
        self, checked_out: float | None = 0, a_second: float = 0, budget: float | None = None
    ) -> None:
        self.now, self.reports, self.requests = 1000.0, 0, 0.0
        self.usage: PoolUsage | None = replace(EMPTY, checked_out=checked_out)
        self.page, self._a_second = PAGE, a_second
        self.traffic = TrafficWindow(JudgementSettings(), self._clock)
        liveness = Liveness(self._clock)
        liveness.record_ping_response(self.now, 0.01)
        policy = PollPolicy(min_interval=0.25)
        self.footprint = Footprint("backend", budget, self._clock)
        constraints = SourceConstraints(self.footprint)
        self.pool = Poller("backend /db/pool", self._report, policy, self._clock, constraints)
        totals = Poller("backend /metrics", self._count, policy, self._clock)
        limiter = RequestLimiter(liveness, clock=self._clock)
        self.admission = Admission(limiter, totals, self.pool, self.traffic)

    def _clock(self) -> float:
        return self.now

    async def _report(self) -> PoolUsage:
        self.reports += 1
        if self.usage is None:
            raise RequestFailed("backend /db/pool returned 404", 404)
        return self.usage

    async def _count(self) -> RequestTotals:
        spread = HistogramData({}, 0.0, self.requests)
        page = replace(self.page, requests={("search", "2xx"): self.requests}, durations={"search": spread})
        self.traffic.record(page)
        return page

    async def count(self) -> None:
        """Read the totals twice, two seconds apart."""
        for _ in range(2):
            await self._count()
            self.now += 2.0
            self.requests += 2.0 * self._a_second

    async def send(self, query: str = "/health") -> float:
        """A request that blocks the backend; returns how long it would have to wait."""
        turn = self.admission.health_turn if query == "/health" else self.admission.blocking_turn
        try:
            async with turn(query):
                return 0.0
        except PollDeferred as deferred:
            return deferred.retry_in


def checked(check: Callable[[], Awaitable[None]]) -> None:
    """Run the check, which takes no time."""

    async def run() -> None:
        async with asyncio.timeout(5):
            await check()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("checked_out", "is_full"), [(0, False), (19, False), (20, True), (21, True), (None, False)]
)
def test_health_routes_wait_while_the_pool_is_full(checked_out: float | None, is_full: bool) -> None:
    async def check() -> None:
        backend = Backend(checked_out)
        assert not backend.admission.is_pool_full()
        if is_full:
            with pytest.raises(PollDeferred, match="while its connection pool is full") as deferred:
                async with backend.admission.probe_turn("/search/health"):
                    pass
            assert deferred.value.retry_in == 1.0
        else:
            async with backend.admission.probe_turn("/search/health"):
                pass
        assert backend.admission.is_pool_full() == is_full
        assert backend.reports == 1

    checked(check)


def test_a_backend_that_does_not_report_its_pool_is_not_asked_again() -> None:
    async def check() -> None:
        backend = Backend()
        backend.usage = None
        for _ in range(3):
            async with backend.admission.probe_turn("/search/health"):
                backend.now += 1.0
        assert backend.reports == 1
        assert not backend.admission.is_pool_full()

    checked(check)


@pytest.mark.parametrize(("age", "reports"), [(0.05, 1), (0.15, 2)])
def test_a_report_of_the_pool_serves_for_a_moment(age: float, reports: int) -> None:
    async def check() -> None:
        backend = Backend()
        await backend.pool.refresh()
        backend.now += age
        async with backend.admission.probe_turn("/search/health"):
            assert backend.reports == reports

    checked(check)


@pytest.mark.parametrize(("age", "reports"), [(4.0, 3), (6.0, 4)])
def test_a_report_that_costs_much_serves_for_as_long_as_the_budget_demands(age: float, reports: int) -> None:
    async def check() -> None:
        backend = Backend(budget=0.02)
        for _ in range(3):
            await backend.pool.refresh()
        for _ in range(12):
            backend.footprint.spend("/db/pool", 0.05)  # half the budget allows it each five seconds
        backend.now += age
        async with backend.admission.probe_turn("/search/health"):
            assert backend.reports == reports

    checked(check)


@pytest.mark.parametrize(
    ("query", "a_second", "checked_out", "waits"),
    [
        # a blocking request holds up the users of three seconds: two of them at most
        ("/workers/status", 0.0, 0, 0.0),
        ("/workers/status", 0.5, 0, 0.0),
        ("/workers/status", 1.0, 0, 5.0),
        # /health as many as have a connection then, but one
        ("/health", 6.0, 0, 0.0),
        ("/health", 6.25, 0, 0.0),
        ("/health", 6.5, 0, 5.0),
        ("/health", 1.0, 17, 5.0),
        ("/health", 1.0, 15, 0.0),
        ("/health", 0.0, 20, 0.0),
        ("/health", 0.25, 20, 5.0),
    ],
)
def test_what_blocks_the_backend_is_sent_while_it_holds_up_few_users(
    query: str, a_second: float, checked_out: float, waits: float
) -> None:
    async def check() -> None:
        backend = Backend(checked_out, a_second)
        await backend.count()
        assert await backend.send(query) == waits

    checked(check)


@pytest.mark.parametrize(("a_second", "waits"), [(4.0, 0.0), (5.0, 5.0)])
def test_a_pool_of_unknown_size_is_taken_for_one_of_fifteen(a_second: float, waits: float) -> None:
    async def check() -> None:
        backend = Backend(a_second=a_second)
        backend.usage = None
        await backend.count()
        assert await backend.send() == waits

    checked(check)


def test_before_the_load_is_known_nothing_is_sent_that_blocks() -> None:
    async def check() -> None:
        backend = Backend()
        assert await backend.send() == 5.0
        backend.now += 1.0
        assert await backend.send() == 0.0

    checked(check)


def test_where_no_requests_are_counted_the_load_holds_nothing_back() -> None:
    async def check() -> None:
        backend = Backend(checked_out=20, a_second=100.0)
        backend.page = replace(PAGE, counts_requests=False)
        assert await backend.send() == 0.0

    checked(check)


@pytest.mark.parametrize(("age", "reports"), [(0.05, 1), (0.15, 2)])
def test_a_background_poll_has_a_report_of_the_pool_before_it(age: float, reports: int) -> None:
    async def check() -> None:
        backend = Backend()
        await backend.pool.refresh()
        backend.now += age
        async with backend.admission.background_turn("/events"):
            assert backend.reports == reports
        backend.now += 0.15
        async with backend.admission.background_turn("/events"):
            assert backend.reports == reports + 1

    checked(check)


@pytest.mark.parametrize(("age", "waits"), [(0.01, False), (0.05, True)])
def test_a_background_poll_that_is_repeated_follows_the_next_report_where_there_are_many(
    age: float, waits: bool
) -> None:
    async def check() -> None:
        backend = Backend()
        await backend.pool.refresh()
        async with backend.admission.background_turn("/events"):
            pass
        backend.pool._background = asyncio.create_task(asyncio.sleep(9))
        backend.now += age
        repeated = asyncio.create_task(poll(backend))
        for _ in range(20):
            await asyncio.sleep(0)
        assert repeated.done() != waits
        await backend.pool.refresh()
        await repeated
        await backend.pool.close()
        assert backend.reports == 2

    checked(check)


async def poll(backend: Backend) -> None:
    """A background poll."""
    async with backend.admission.background_turn("/events"):
        pass
