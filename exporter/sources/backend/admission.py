"""Whether the load of users leaves room for our health routes and for requests that block the backend."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from math import inf

from exporter.errors import PollDeferred, SourceError
from exporter.polling import Poller
from exporter.sources.backend.limiter import RequestLimiter
from exporter.sources.backend.pool import PoolUsage
from exporter.sources.backend.request_totals import RequestTotals
from exporter.sources.backend.traffic import TrafficWindow

TYPICAL_BLOCK_SECONDS = 3.0  # for which a blocking route usually blocks
MAX_WAITING_REQUESTS = 2.0  # requests of users that may wait behind a blocking request of ours
DEFAULT_FREE_CONNECTIONS = 14.0  # connections that a backend of this kind has at least, less one
RETRY_AFTER = 5.0  # seconds after which a blocking request is tried again
# seconds after which a report of the pool is too old to let a request begin that may need a connection
POOL_MAX_AGE = 0.1
JUST_NOW = 0.02  # seconds for which a report of the pool is as good as a new one
MAX_POOL_WAIT = 0.3  # seconds for which a background poll waits for the next report


class Admission:
    """Grants turns by what /metrics and /db/pool report of the backend's users."""

    def __init__(
        self,
        limiter: RequestLimiter,
        totals: Poller[RequestTotals],
        pool: Poller[PoolUsage],
        traffic: TrafficWindow,
    ) -> None:
        self._limiter = limiter
        self._totals = totals
        self._pool = pool
        self._traffic = traffic
        self._requested: set[str] = set()  # queries of background polls

    def is_pool_full(self) -> bool:
        """Whether every connection of the pool is checked out, as far as is known."""
        free = self._free_connections()
        return free is not None and free <= 0

    @asynccontextmanager
    async def probe_turn(self, query: str) -> AsyncIterator[None]:
        """The turn of a health route: it would wait for a connection while the pool is full."""
        await self._renew_pool()
        if self.is_pool_full():
            raise PollDeferred(
                "backend health routes are not requested while its connection pool is full", 1.0
            )
        async with self._limiter.turn(query):
            yield

    @asynccontextmanager
    async def background_turn(self, query: str) -> AsyncIterator[None]:
        """The turn of a background poll: right after a report of the pool, as it may need a connection."""
        # what was never requested is wanted soon
        prepare = self._follow_pool if query in self._requested else self._renew_pool
        self._requested.add(query)
        async with self._limiter.background_turn(query, prepare):
            yield

    @asynccontextmanager
    async def blocking_turn(self, query: str) -> AsyncIterator[None]:
        """The turn of a request that blocks the backend, while it holds up few users."""
        async with self._blocking_turn(query, lambda: MAX_WAITING_REQUESTS):
            yield

    @asynccontextmanager
    async def health_turn(self, query: str) -> AsyncIterator[None]:
        """The turn of /health, which may hold up as many users as the pool can serve at once."""
        async with self._blocking_turn(query, self._connections_for_users):
            yield

    @asynccontextmanager
    async def _blocking_turn(self, query: str, limit: Callable[[], float]) -> AsyncIterator[None]:
        with suppress(SourceError):
            await self._totals.get()  # the current rate
        await self._renew_pool()
        if (waiting := self._waiting_requests()) > limit():
            raise PollDeferred(
                f"backend {query} is not requested: it would hold up {waiting:.0f} requests", RETRY_AFTER
            )
        async with self._limiter.blocking_turn(query):
            yield

    async def _follow_pool(self) -> None:
        """Wait for the next report of the pool, where it is read often, else have one."""
        if self._pool.error is None and self._pool.age() > JUST_NOW:
            if self._pool.is_polled_ahead:
                await self._pool.wait_for_success(MAX_POOL_WAIT)
            await self._renew_pool()

    async def _renew_pool(self) -> None:
        """Have a report of the pool that is as of now, where the backend gives one and the budget allows it.

        A request that waits for a connection would hold up the next report until its time-out.
        """
        footprint = self._pool.constraints.footprint
        gap = 0.0 if footprint is None else footprint.unplanned_gap(self._pool.query)
        if self._pool.error is None and self._pool.age() > max(POOL_MAX_AGE, gap):
            await self._pool.refresh()

    def _connections_for_users(self) -> float:
        """Connections of the pool for waiting users; with more users it may never get free again."""
        free = self._free_connections()
        return DEFAULT_FREE_CONNECTIONS if free is None else max(free - 1, 0.0)

    def _free_connections(self) -> float | None:
        """Connections of the pool that are not checked out; None where that is not known."""
        return None if self._pool.last_result is None else self._pool.last_result.free

    def _waiting_requests(self) -> float:
        """How many requests of users would wait behind one of ours that blocks."""
        page, rate = self._totals.last_result, self._traffic.rate()
        if page is None or not page.counts_requests:
            return 0.0  # the rate is unknown, now and later
        return inf if rate is None else rate * TYPICAL_BLOCK_SECONDS
