"""What is asked of the watched backend over HTTP, and how often."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from math import inf
from typing import Any, TypeVar

from exporter.errors import PollDeferred, RequestFailed, SourceError
from exporter.footprint import Footprint
from exporter.poll_policy import PollPolicy, SourceConstraints
from exporter.polling import Poller
from exporter.settings import BackendSettings, Settings
from exporter.sources.backend.limiter import RequestLimiter
from exporter.sources.backend.liveness import RESPONDING, SILENT, Liveness
from exporter.sources.backend.own_requests import OwnRequests
from exporter.sources.backend.ping_routes import PING_CANDIDATES
from exporter.sources.backend.reader import BackendReader, Fetch
from exporter.sources.backend.request_totals import RequestTotals
from exporter.sources.backend.routes import INGESTION, MISSING_MODULE, MONITORING, requested_paths
from exporter.sources.backend.traffic import RecoveryTracker, TrafficWindow
from exporter.sources.base import BaseSource
from exporter.sources.database.time_windows import WINDOWS
from exporter.sources.http_client import BearerToken, HttpClient
from exporter.sources.http_response import HttpResponse, RequestOutcome
from exporter.status import DEGRADED, DOWN

T = TypeVar("T")
MIN_BLOCK_GAP = 60.0  # seconds between two requests to a route that blocks the backend
MAX_BACKOFF_GAPS = 30  # such gaps to the next request at most, where it fails again and again
SUSPENSION_SECONDS = 900.0  # seconds for which a route is left alone that was seen to block the backend
GATEWAY_ERRORS = (502, 503, 504)  # what a proxy answers for a backend that it cannot reach
HURRY, SHORTLY = 5.0, 1.0  # seconds of quick requests after a sign, and after a slight one, of trouble
TYPICAL_BLOCK_SECONDS = 3.0  # seconds for which such a route usually blocks
MAX_WAITING_REQUESTS = 2.0  # requests of users that wait without anybody minding
DEFAULT_FREE_CONNECTIONS = 14.0  # connections that a backend of this kind has at least, less one
RETRY_AFTER = 5.0  # seconds after which it is looked again whether users are few enough
BUSY_IN_FLIGHT = 3  # users' requests in flight that are such a sign


class BackendSource(BaseSource):
    """The questions put to the backend; each names its route."""

    def __init__(self, settings: Settings) -> None:
        own = settings.backend
        self._settings = settings
        self.footprint = Footprint("backend", settings.limits.own_share)
        self.client = HttpClient(
            own.url, BearerToken(own.token, own.token_file), own.max_bytes, proxy=own.proxy
        )
        self._pinger = HttpClient(
            own.url, BearerToken(None, None), own.max_bytes, bodies=False, proxy=own.proxy
        )
        self.liveness = Liveness(self._ping, own.ping_route)
        self.limiter = RequestLimiter(self.liveness, settings.limits.own_share)
        self.own_traffic = OwnRequests(
            {*requested_paths(settings), *filter(None, [own.ping_route])}, {"/metrics", *PING_CANDIDATES}
        )
        self.recovery = RecoveryTracker()
        self.traffic = TrafficWindow(settings.judgement, is_recovering=self.recovery.is_under_way)
        self._reader = BackendReader(settings, self.client, self.own_traffic)
        self.database_works: Callable[[], bool | None] = lambda: None
        self.redis_works: Callable[[], bool | None] = lambda: None
        self._lost_until = 0.0
        self._pinging: asyncio.Task[None] | None = None
        self._listen()
        self._ask_often(own)
        self._ask_monitoring(own)
        self._ask_ingestion(own)
        self._ask_modules(settings)

    def open(self) -> None:
        """Begin to ping."""
        self._pinging = asyncio.create_task(self.liveness.run(), name="ping backend")

    def _listen(self) -> None:
        """Let those who need it hear of each request and of what came of it."""
        self.client.on_exchange = self._exchanged
        self._pinger.on_exchange = lambda it: self.own_traffic.sent(it.path, it.status)
        self.limiter.on_block = self._blocked
        self.liveness.on_return = self._returned
        self._reader.on_totals = self._look_closer

    def _ask_often(self, own: BackendSettings) -> None:
        read, terms = self._reader, SourceConstraints(self.footprint, self.limiter.turn, self._stands)
        calm = max(own.calm_period, own.fast_period)
        quick, pool = (
            PollPolicy(own.timeout, at_most_every=own.fast_period, calm=it) for it in (calm, 2 * calm)
        )
        self.totals: Poller[RequestTotals] = Poller("backend /metrics", read.totals, quick, terms=terms)
        self.pool = Poller("backend /db/pool", read.document(f"{MONITORING}/db/pool"), pool, terms=terms)
        # these two block the backend's event loop for seconds
        period = own.blocking_period or inf
        gap = min(MIN_BLOCK_GAP, period)
        self.limiter.block_gap = gap
        # meanwhile nothing else is asked: one that never comes must not blind us half of the time
        block = PollPolicy(
            own.blocking_timeout,
            every=period,
            least_gap=gap,
            rest=gap,
            longest_rest=MAX_BACKOFF_GAPS * gap,
            may_be_absent=True,
        )
        blocking = SourceConstraints(self.footprint, self._blocking_turn, self._stands)
        self.health = Poller("backend /health", read.health, block, terms=blocking)
        self.workers = Poller("backend /workers/status", read.workers, block, terms=blocking)

    def _ask_monitoring(self, own: BackendSettings) -> None:
        # what fails is asked again no sooner than what succeeds, once that is clear
        read = self._reader
        often = PollPolicy(own.timeout, every=own.period, longest_rest=own.period, may_be_absent=True)
        self.performance = self._put("/performance", read.performance, often)
        self.database = self._put("/database", read.document(f"{MONITORING}/database"), often)
        self.events = self._put("/events", read.events, often)
        self.history = self._put("/events/history", read.history, often)
        self.cache = self._put("/cache/stats", read.cache, often)
        self.models = self._put("/model-health", read.model, often)
        self.ml = self._put("/health/ml", read.ml, often)
        # these two count in the database, and one version of the backend always answers them with 500
        seldom = PollPolicy(
            timeout=len(WINDOWS) * own.timeout,
            every=own.slow_period,
            rest=30.0,
            longest_rest=900.0,
            may_be_absent=True,
        )
        quality = read.document(f"{MONITORING}/recommendation-quality")
        self.engagement = self._put("/user-engagement", read.engagement, seldom)
        self.recommendations = self._put("/recommendation-quality", quality, seldom)

    def _ask_ingestion(self, own: BackendSettings) -> None:
        often = PollPolicy(own.timeout, every=own.period, longest_rest=own.period, may_be_absent=True)
        put, document = self._put, self._reader.document
        self.ingestion_health = put("ingestion health", self._reader.ingestion_health, often)
        self.worker_status = put("ingestion worker status", document(f"{INGESTION}/worker/status"), often)
        self.worker_health = put("ingestion worker health", document(f"{INGESTION}/health/worker"), often)
        self.jobs = put("ingestion jobs", document(f"{INGESTION}/jobs/history?limit=100"), often)

    def _ask_modules(self, settings: Settings) -> None:
        own, module = settings.backend, self._reader.module
        often = PollPolicy(own.timeout, every=own.period)
        probe = PollPolicy(
            own.timeout, at_most_every=own.fast_period, calm=max(own.probe_period, own.fast_period)
        )
        terms = SourceConstraints(self.footprint, self._probe_turn, self._stands)
        self.reported: dict[str, Poller[str]] = {
            m.name: self._put(f"health of {m.name}", module(m.name), often) for m in settings.modules
        }
        # a name that no module has: a backend that calls it healthy never looks
        self.no_module = self._put("health of no module", module(MISSING_MODULE), often)
        self.probes: dict[str, Poller[HttpResponse]] = {
            m.name: Poller(f"backend {m.health}", self._probe(m.health), probe, terms=terms)
            for m in settings.modules
            if m.health
        }

    async def answers(self) -> bool | None:
        """Whether the backend responds at all; None before that is known."""
        return await self.liveness.is_up()

    def wedged(self) -> bool | None:
        """Whether it takes connections and gives no response beyond doubt; None before that is known."""
        return None if self.liveness.state is None else self.liveness.state == SILENT

    def pool_is_full(self) -> bool:
        """Whether every connection of the backend's pool is lent, as far as is known."""
        capacity, lent = self._lent()
        return capacity is not None and lent >= capacity

    def watching(self) -> tuple[Poller[Any], ...]:
        """The questions put to the monitoring module itself, without those that block it."""
        return (
            self.pool, self.performance, self.database, self.events, self.history, self.cache,
            self.models, self.ml, self.engagement, self.recommendations,
        )  # fmt: skip

    async def close(self) -> None:
        """Close the connections, after what still uses them."""
        if self._pinging is not None:
            self._pinging.cancel()
            await asyncio.gather(self._pinging, return_exceptions=True)
        await self.client.close()
        await self._pinger.close()

    @asynccontextmanager
    async def _probe_turn(self, query: str) -> AsyncIterator[None]:
        """The turn of a health route: not while the pool is full, on which it would wait with everybody."""
        if self.pool.error is None and self.pool.age() > self._settings.backend.fast_period:
            await self.pool.ask_now()
        if self.pool_is_full():
            raise PollDeferred(
                "backend health routes are not requested while its connection pool is full", 1.0
            )
        async with self.limiter.turn(query):
            yield

    @asynccontextmanager
    async def _blocking_turn(self, query: str) -> AsyncIterator[None]:
        """The turn of a request that blocks the backend, where its users are few enough to bear it."""
        with suppress(SourceError):
            await self.totals.answer()  # how many they are now
        # the one that says less of more, /health, may hold users up a little when something has changed
        most = self._free_connections() if query == self.health.query else MAX_WAITING_REQUESTS
        if (pile := self._pile()) > most:
            raise PollDeferred(
                f"backend {query} is not requested: it would hold up {pile:.0f} requests", RETRY_AFTER
            )
        async with self.limiter.blocking_turn(query):
            yield

    def _pile(self) -> float:
        """How many requests of users would wait behind one of ours that blocks."""
        page, rate = self.totals.last, self.traffic.rate()
        if page is None or not page.counts:
            return 0.0  # nobody can tell, now or ever
        return inf if rate is None else rate * TYPICAL_BLOCK_SECONDS

    def _free_connections(self) -> float:
        """How many of them the backend's pool can serve at once; with more it may never get free again."""
        capacity, lent = self._lent()
        return DEFAULT_FREE_CONNECTIONS if capacity is None else max(capacity - lent - 1, 0.0)

    def _lent(self) -> tuple[float | None, float]:
        """The pool's capacity, as far as it is known, and how many of its connections are lent."""
        if self.pool.last is None:
            return None, 0.0
        pool = self.pool.last.part("pool")
        return pool.number("total_capacity"), pool.number("checked_out") or 0.0

    def _note_who_is_back(self) -> None:
        self.recovery.note("backend", not self.liveness.stalled and self.liveness.state in (None, RESPONDING))
        self.recovery.note("connection pool", not self.pool_is_full())
        self.recovery.note("database", self.database_works())
        self.recovery.note("Redis", self.redis_works())

    def _put(self, name: str, ask: Fetch[T], pace: PollPolicy) -> Poller[T]:
        terms = SourceConstraints(self.footprint, self.limiter.background_turn, self._stands)
        return Poller(f"backend {name}", ask, pace, terms=terms)

    def _stands(self) -> bool:
        return self.liveness.proves_nothing

    async def _ping(self, route: str, _: float) -> float:
        with self.footprint.poll("ping"):
            reply = await self._pinger.reply(route)
        if reply.status in GATEWAY_ERRORS:
            raise RequestFailed(
                f"backend {route} answered {reply.status}; its proxy found nobody", reply.status
            )
        return reply.seconds

    def _probe(self, path: str) -> Fetch[HttpResponse]:
        async def probe() -> HttpResponse:
            # a check that needs the database holds a connection of the backend, or its event loop, meanwhile
            if self.database_works() is False:
                raise PollDeferred(
                    "backend health routes are not requested while the database is silent", 1.0
                )
            return await self.client.reply(path)

        return probe

    def _exchanged(self, exchange: RequestOutcome) -> None:
        if exchange.refused:
            self.liveness.refused()
            return
        self.own_traffic.sent(exchange.path, exchange.status)
        if exchange.status is not None and exchange.status not in GATEWAY_ERRORS:
            self.liveness.heard()
        elif exchange.silent:
            self.liveness.silence()

    def _blocked(self, query: str) -> None:
        """A request was seen to block the backend: it and its like are left alone for long."""
        if query in (self.totals.query, self.pool.query):
            return
        ingestion = (self.ingestion_health, self.worker_status, self.worker_health, self.jobs)
        alike = [it.query for it in ingestion] if query.startswith("ingestion ") else []
        self.limiter.suspend({query, *alike}, SUSPENSION_SECONDS)

    def _returned(self) -> None:
        for question in self.questions():
            question.try_again()

    def _look_closer(self, totals: RequestTotals, is_another: bool) -> None:
        """An error, a slow response, requests in flight: the first signs of trouble have us look closer."""
        self._note_who_is_back()
        self.traffic.note(totals)
        if self.traffic.newly_bad():
            self.totals.hurry(HURRY)
        if (in_flight := sum(totals.in_progress.values())) > 0:
            self.pool.hurry(self._settings.backend.fast_period)
        if in_flight >= BUSY_IN_FLIGHT:
            self.totals.hurry(SHORTLY)
            self.pool.hurry(SHORTLY)
        for name, probe in self.probes.items():
            if self.traffic.status(name) in (DEGRADED, DOWN):
                probe.hurry(HURRY)
        error, now = self.totals.error, time.monotonic()
        # a proxy that had lost the backend answers 404 for every route, which then count as absent
        is_found = isinstance(error, RequestFailed) and error.status is not None and now >= self._lost_until
        if is_found:
            self._lost_until = now + MIN_BLOCK_GAP
        if is_another or is_found:
            self._returned()  # perhaps another process, which may have what the one before had not
