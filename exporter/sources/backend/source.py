"""The watched backend over HTTP: what is polled there, and how often."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from exporter.errors import PollDeferred, RequestFailed
from exporter.footprint import Footprint
from exporter.poll_policy import PollPolicy, SourceConstraints
from exporter.poll_schedule import SPARED
from exporter.polling import Poller
from exporter.scrape import CLOSE_INTERVAL
from exporter.settings import Settings
from exporter.sources.backend.admission import Admission
from exporter.sources.backend.limiter import RequestLimiter
from exporter.sources.backend.liveness import RESPONDING, SILENT, Liveness
from exporter.sources.backend.own_requests import OwnRequests
from exporter.sources.backend.ping import PING_CANDIDATES, BackendPinger
from exporter.sources.backend.poll_policies import MIN_BLOCK_GAP, VERIFY_PERIOD, BackendPolicies
from exporter.sources.backend.pool import PoolUsage
from exporter.sources.backend.reader import BackendReader, Fetch
from exporter.sources.backend.recovery import RecoveryTracker
from exporter.sources.backend.request_totals import RequestTotals
from exporter.sources.backend.route_requests import RouteRequests
from exporter.sources.backend.routes import INGESTION, MISSING_MODULE, MONITORING, requested_paths
from exporter.sources.backend.traffic import TrafficWindow
from exporter.sources.base import BaseSource
from exporter.sources.http_client import BearerToken, HttpClient
from exporter.sources.http_response import HttpResponse, RequestOutcome
from exporter.status import DEGRADED, DOWN

T = TypeVar("T")
Turn = Callable[[str], AbstractAsyncContextManager[None]]
SUSPENSION_SECONDS = 900.0  # for which a route that blocked the backend is not requested
GATEWAY_ERRORS = (502, 503, 504)  # of a proxy that cannot reach the backend
HURRY, SHORT_HURRY = 5.0, 1.0  # seconds of fast polls after a sign of trouble, and after a slight one
BUSY_POOL = 0.5  # share of the pool in use from which a rise is verified by the next poll soon
BUSY_IN_FLIGHT = 3  # requests of users in flight that are a slight sign of trouble


class BackendSource(BaseSource):
    """The pollers of the backend; each is named for its route."""

    def __init__(self, settings: Settings) -> None:
        own = settings.backend
        self._settings = settings
        self.footprint = Footprint("backend", settings.limits.own_share)
        self.client = HttpClient(
            own.url, BearerToken(own.token, own.token_file), own.max_bytes, proxy=own.proxy
        )
        self._ping_client = HttpClient(
            own.url, BearerToken(None, None), own.max_bytes, bodies=False, proxy=own.proxy
        )
        self.liveness = Liveness()
        self._pinger = BackendPinger(self.liveness, self._ping, own.ping_route)
        self.limiter = RequestLimiter(self.liveness, settings.limits.own_share)
        self.own_requests = OwnRequests(
            {*requested_paths(settings), *filter(None, [own.ping_route])}, {"/metrics", *PING_CANDIDATES}
        )
        self.recovery = RecoveryTracker()
        self.traffic = TrafficWindow(settings.judgement, is_recovering=self.recovery.is_under_way)
        self._reader = BackendReader(settings, self.client, self.own_requests)
        self.is_database_up: Callable[[], bool | None] = lambda: None
        self.is_redis_up: Callable[[], bool | None] = lambda: None
        self.is_broker_up: Callable[[], bool | None] = lambda: None
        self.reads = 0  # readings of the requests
        self._no_retry_until = 0.0
        self._pinging: asyncio.Task[None] | None = None
        self._subscribe()
        policies = BackendPolicies(own)
        self._poll_often(policies)
        self._poll_monitoring(policies)
        self._poll_ingestion(policies)
        self._poll_modules(policies)

    def open(self) -> None:
        """Begin to ping."""
        self._pinging = asyncio.create_task(self._pinger.run(), name="ping backend")

    def _subscribe(self) -> None:
        """Have every outcome of a request reported to those who count and judge them."""
        self.client.on_outcome = self._record_outcome
        self._ping_client.on_outcome = lambda it: self.own_requests.record(it.path, it.status)
        self.limiter.on_block = self._suspend
        self.liveness.on_return = self._retry_all
        self._reader.on_totals = self._react_to_totals
        self._reader.on_pool = self._react_to_pool

    def _poll_often(self, policies: BackendPolicies) -> None:
        read = self._reader
        turn, light = self._constraints(self.limiter.turn), self._constraints(self.limiter.light_turn)
        self.totals: Poller[RequestTotals] = Poller(
            "backend /metrics", read.totals, policies.totals, constraints=light
        )
        self.by_route: Poller[RouteRequests] = Poller(
            "backend /metrics by route", read.by_route, policies.by_route, constraints=turn
        )
        self.pool: Poller[PoolUsage] = Poller("backend /db/pool", read.pool, policies.pool, constraints=light)
        self._admission = Admission(self.limiter, self.totals, self.pool, self.traffic)
        # these two block the backend's event loop for seconds
        self.limiter.block_gap = policies.block_gap
        health = self._constraints(self._admission.health_turn)
        workers = self._constraints(self._admission.blocking_turn)
        self.health = Poller("backend /health", read.health, policies.blocking, constraints=health)
        self.workers = Poller("backend /workers/status", read.workers, policies.blocking, constraints=workers)

    def _poll_monitoring(self, policies: BackendPolicies) -> None:
        poll, read, often = self._in_background, self._reader, policies.background
        self.performance = poll("/performance", read.performance, often)
        self.database = poll("/database", read.document(f"{MONITORING}/database"), often)
        self.events = poll("/events", read.events, often)
        self.history = poll("/events/history", read.history, often)
        self.cache = poll("/cache/stats", read.cache, often)
        self.models = poll("/model-health", read.model, often)
        self.ml = poll("/health/ml", read.ml, often)
        quality = read.document(f"{MONITORING}/recommendation-quality")
        self.engagement = poll("/user-engagement", read.engagement, policies.rare)
        self.recommendations = poll("/recommendation-quality", quality, policies.rare)

    def _poll_ingestion(self, policies: BackendPolicies) -> None:
        poll, document, often = self._in_background, self._reader.document, policies.background
        self.ingestion_health = poll("ingestion health", self._reader.ingestion_health, often)
        self.worker_status = poll("ingestion worker status", document(f"{INGESTION}/worker/status"), often)
        self.worker_health = poll("ingestion worker health", document(f"{INGESTION}/health/worker"), often)
        self.jobs = poll("ingestion jobs", document(f"{INGESTION}/jobs/history?limit=100"), often)

    def _poll_modules(self, policies: BackendPolicies) -> None:
        poll, read, modules = self._in_background, self._reader, self._settings.modules
        self.reported: dict[str, Poller[str]] = {
            m.name: poll(f"health of {m.name}", read.module(m.name), policies.module) for m in modules
        }
        # a name that no module has: a backend that reports it healthy never checks
        self.no_module = poll("health of no module", read.module(MISSING_MODULE), policies.module)
        turn = self._constraints(self._admission.probe_turn)
        self.probes: dict[str, Poller[HttpResponse]] = {
            m.name: Poller(f"backend {m.health}", self._probe(m.health), policies.probe, constraints=turn)
            for m in modules
            if m.health
        }

    async def is_up(self) -> bool | None:
        """Whether the backend responds at all; None before that is known."""
        is_up = await self.liveness.is_up()
        self._record_recovery()
        if self.recovery.is_reading_due(self.totals.seconds_since_request()):
            self.totals.verify_soon(0.0)
        return is_up

    def is_wedged(self) -> bool | None:
        """Whether it takes connections and sends no response; None before that is known."""
        return None if self.liveness.state is None else self.liveness.state == SILENT

    def is_pool_full(self) -> bool:
        """Whether every connection of the backend's pool is checked out, as far as is known."""
        return self._admission.is_pool_full()

    def is_recovering(self) -> bool:
        """Whether a server that requests need has just returned, as far as is known now."""
        self._record_recovery()
        return self.recovery.has_just_returned()

    def monitoring_pollers(self) -> tuple[Poller[Any], ...]:
        """The pollers of the monitoring module's own routes, without those that block it."""
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
        await self._ping_client.close()

    def _record_recovery(self) -> None:
        state, pool = self.liveness.state, self.pool.last_result
        used = None if pool is None else pool.sustained_ratio
        self.recovery.record("backend", None if state is None else state == RESPONDING)
        self.recovery.record("connection pool", None if used is None else used < 1)
        self.recovery.record("database", self.is_database_up())
        self.recovery.record("Redis", self.is_redis_up())
        self.recovery.record("broker", self.is_broker_up())

    def _in_background(self, name: str, fetch: Fetch[T], policy: PollPolicy) -> Poller[T]:
        constraints = self._constraints(self._admission.background_turn)
        return Poller(f"backend {name}", fetch, policy, constraints=constraints)

    def _constraints(self, turn: Turn) -> SourceConstraints:
        return SourceConstraints(self.footprint, turn, self._is_inconclusive)

    def _is_inconclusive(self) -> bool:
        return self.liveness.is_inconclusive

    async def _ping(self, route: str, _: float) -> float:
        with self.footprint.poll("ping"):
            response = await self._ping_client.get(route)
        if response.status in GATEWAY_ERRORS:
            raise RequestFailed(
                f"backend {route} returned {response.status}; its proxy did not reach it", response.status
            )
        return response.seconds

    def _probe(self, path: str) -> Fetch[HttpResponse]:
        async def probe() -> HttpResponse:
            # a check of the database holds a connection of the backend, or its event loop, meanwhile
            if self.is_database_up() is False:
                raise PollDeferred(
                    "backend health routes are not requested while the database is silent", 1.0
                )
            return await self.client.get(path)

        return probe

    def _record_outcome(self, outcome: RequestOutcome) -> None:
        if outcome.refused:
            self.liveness.record_refusal()
            return
        self.own_requests.record(outcome.path, outcome.status)
        if outcome.status is not None and outcome.status not in GATEWAY_ERRORS:
            self.liveness.record_response()
        elif outcome.timed_out:
            self.liveness.record_timeout()

    def _suspend(self, query: str) -> None:
        """Stop polling a route that blocked the backend, and those like it, for long."""
        if query in (self.totals.query, self.pool.query):
            return
        ingestion = (self.ingestion_health, self.worker_status, self.worker_health, self.jobs)
        alike = [it.query for it in ingestion] if query.startswith("ingestion ") else []
        self.limiter.suspend({query, *alike}, SUSPENSION_SECONDS)

    def _retry_all(self) -> None:
        for poller in self.pollers():
            poller.retry_soon()

    def _react_to_pool(self, usage: PoolUsage) -> None:
        """Poll again soon where the pool has filled: a page takes two reports that agree."""
        if (usage.ratio or 0.0) > max(BUSY_POOL, usage.sustained_ratio or 0.0):
            self.pool.verify_soon(VERIFY_PERIOD)
            # the next scrape may make that poll
            self.limiter.reserve(self.pool.query, VERIFY_PERIOD + CLOSE_INTERVAL)

    def _follow_traffic(self) -> None:
        """Poll the totals faster where they tell of trouble."""
        if self.traffic.is_verdict_near():
            self.totals.poll_faster(SHORT_HURRY)
        elif self.traffic.may_trouble_have_begun():
            # bad requests may come in bunches all day: what proves a verdict must still be seen soon
            self.totals.follow_hint(SHORT_HURRY, SPARED / 2)

    def _react_to_totals(self, totals: RequestTotals, is_another: bool) -> None:
        """Poll faster after the first signs of trouble: an error, a slow response, requests in flight."""
        self.reads += 1
        # a request that needs the start time of the processes has read the page as well
        self.totals.adopt(totals)
        self._record_recovery()
        self.recovery.record_stall(self.liveness.stalled)
        self.traffic.record(totals)
        self._follow_traffic()
        if (in_flight := sum(totals.in_progress.values())) > 0:
            self.pool.follow_hint(self._settings.backend.fast_period)
        if in_flight >= BUSY_IN_FLIGHT:
            self.totals.follow_hint(SHORT_HURRY)
            self.pool.follow_hint(SHORT_HURRY)
        for name, probe in self.probes.items():
            if self.traffic.status(name) in (DEGRADED, DOWN):
                probe.follow_hint(HURRY)
        error, now = self.totals.error, time.monotonic()
        # a proxy without its backend responds 404 on every route, which then counts as absent
        is_recovered = (
            isinstance(error, RequestFailed) and error.status is not None and now >= self._no_retry_until
        )
        if is_recovered:
            self._no_retry_until = now + MIN_BLOCK_GAP
        if is_another or is_recovered:
            self._retry_all()  # another process may have routes that the one before had not
