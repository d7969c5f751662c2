"""The watched backend over HTTP: what is polled there, and how often."""

import asyncio
import time
from collections.abc import Callable
from math import inf
from typing import Any, TypeVar

from exporter.errors import PollDeferred, RequestFailed
from exporter.footprint import Footprint
from exporter.poll_policy import PollPolicy, SourceConstraints
from exporter.polling import Poller
from exporter.settings import Settings
from exporter.settings_backend import BackendSettings
from exporter.sources.backend.admission import Admission
from exporter.sources.backend.limiter import RequestLimiter
from exporter.sources.backend.liveness import RESPONDING, SILENT, Liveness
from exporter.sources.backend.own_requests import OwnRequests
from exporter.sources.backend.ping import PING_CANDIDATES, Pinger
from exporter.sources.backend.pool import PoolUsage
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
MAX_BACKOFF_GAPS = 30  # such gaps to the next request at most, where it fails repeatedly
SUSPENSION_SECONDS = 900.0  # for which a route that blocked the backend is not requested
GATEWAY_ERRORS = (502, 503, 504)  # of a proxy that cannot reach the backend
HURRY, SHORT_HURRY = 5.0, 1.0  # seconds of fast polls after a sign of trouble, and after a slight one
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
        self._pinger = Pinger(self.liveness, self._ping, own.ping_route)
        self.limiter = RequestLimiter(self.liveness, settings.limits.own_share)
        self.own_requests = OwnRequests(
            {*requested_paths(settings), *filter(None, [own.ping_route])}, {"/metrics", *PING_CANDIDATES}
        )
        self.recovery = RecoveryTracker()
        self.traffic = TrafficWindow(settings.judgement, is_recovering=self.recovery.is_under_way)
        self._reader = BackendReader(settings, self.client, self.own_requests)
        self.is_database_up: Callable[[], bool | None] = lambda: None
        self.is_redis_up: Callable[[], bool | None] = lambda: None
        self._no_retry_until = 0.0
        self._pinging: asyncio.Task[None] | None = None
        self._subscribe()
        self._poll_often(own)
        self._poll_monitoring(own)
        self._poll_ingestion(own)
        self._poll_modules(settings)

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

    def _poll_often(self, own: BackendSettings) -> None:
        read, terms = (
            self._reader,
            SourceConstraints(self.footprint, self.limiter.turn, self._is_inconclusive),
        )
        calm = max(own.calm_period, own.fast_period)
        quick, pool = (
            PollPolicy(own.timeout, min_interval=own.fast_period, relaxed_interval=it)
            for it in (calm, 2 * calm)
        )
        self.totals: Poller[RequestTotals] = Poller("backend /metrics", read.totals, quick, constraints=terms)
        self.pool: Poller[PoolUsage] = Poller("backend /db/pool", read.pool, pool, constraints=terms)
        self._admission = Admission(self.limiter, self.totals, self.pool, self.traffic, own.fast_period)
        # these two block the backend's event loop for seconds
        period = own.blocking_period or inf
        gap = min(MIN_BLOCK_GAP, period)
        self.limiter.block_gap = gap
        # nothing else is polled meanwhile: a response that never comes must not blind us half of the time
        block = PollPolicy(
            own.blocking_timeout,
            interval=period,
            min_refresh_gap=gap,
            backoff_base=gap,
            max_backoff=MAX_BACKOFF_GAPS * gap,
            may_be_absent=True,
        )
        health, workers = (
            SourceConstraints(self.footprint, turn, self._is_inconclusive)
            for turn in (self._admission.health_turn, self._admission.blocking_turn)
        )
        self.health = Poller("backend /health", read.health, block, constraints=health)
        self.workers = Poller("backend /workers/status", read.workers, block, constraints=workers)

    def _poll_monitoring(self, own: BackendSettings) -> None:
        # what fails repeatedly is polled no sooner than what succeeds
        read = self._reader
        often = PollPolicy(own.timeout, interval=own.period, max_backoff=own.period, may_be_absent=True)
        self.performance = self._in_background("/performance", read.performance, often)
        self.database = self._in_background("/database", read.document(f"{MONITORING}/database"), often)
        self.events = self._in_background("/events", read.events, often)
        self.history = self._in_background("/events/history", read.history, often)
        self.cache = self._in_background("/cache/stats", read.cache, often)
        self.models = self._in_background("/model-health", read.model, often)
        self.ml = self._in_background("/health/ml", read.ml, often)
        # these two count in the database, and one version of the backend always responds with 500
        seldom = PollPolicy(
            timeout=len(WINDOWS) * own.timeout,
            interval=own.slow_period,
            backoff_base=30.0,
            max_backoff=900.0,
            may_be_absent=True,
        )
        quality = read.document(f"{MONITORING}/recommendation-quality")
        self.engagement = self._in_background("/user-engagement", read.engagement, seldom)
        self.recommendations = self._in_background("/recommendation-quality", quality, seldom)

    def _poll_ingestion(self, own: BackendSettings) -> None:
        often = PollPolicy(own.timeout, interval=own.period, max_backoff=own.period, may_be_absent=True)
        poll, document = self._in_background, self._reader.document
        self.ingestion_health = poll("ingestion health", self._reader.ingestion_health, often)
        self.worker_status = poll("ingestion worker status", document(f"{INGESTION}/worker/status"), often)
        self.worker_health = poll("ingestion worker health", document(f"{INGESTION}/health/worker"), often)
        self.jobs = poll("ingestion jobs", document(f"{INGESTION}/jobs/history?limit=100"), often)

    def _poll_modules(self, settings: Settings) -> None:
        own, module = settings.backend, self._reader.module
        often = PollPolicy(own.timeout, interval=own.period)
        probe = PollPolicy(
            own.timeout, min_interval=own.fast_period, relaxed_interval=max(own.probe_period, own.fast_period)
        )
        terms = SourceConstraints(self.footprint, self._admission.probe_turn, self._is_inconclusive)
        self.reported: dict[str, Poller[str]] = {
            m.name: self._in_background(f"health of {m.name}", module(m.name), often)
            for m in settings.modules
        }
        # a name that no module has: a backend that reports it healthy never checks
        self.no_module = self._in_background("health of no module", module(MISSING_MODULE), often)
        self.probes: dict[str, Poller[HttpResponse]] = {
            m.name: Poller(f"backend {m.health}", self._probe(m.health), probe, constraints=terms)
            for m in settings.modules
            if m.health
        }

    async def is_up(self) -> bool | None:
        """Whether the backend responds at all; None before that is known."""
        return await self.liveness.is_up()

    def is_wedged(self) -> bool | None:
        """Whether it takes connections and sends no response; None before that is known."""
        return None if self.liveness.state is None else self.liveness.state == SILENT

    def is_pool_full(self) -> bool:
        """Whether every connection of the backend's pool is checked out, as far as is known."""
        return self._admission.is_pool_full()

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
        is_up = not self.liveness.stalled and self.liveness.state in (None, RESPONDING)
        self.recovery.record("backend", is_up)
        self.recovery.record("connection pool", not self.is_pool_full())
        self.recovery.record("database", self.is_database_up())
        self.recovery.record("Redis", self.is_redis_up())

    def _in_background(self, name: str, fetch: Fetch[T], policy: PollPolicy) -> Poller[T]:
        terms = SourceConstraints(self.footprint, self.limiter.background_turn, self._is_inconclusive)
        return Poller(f"backend {name}", fetch, policy, constraints=terms)

    def _is_inconclusive(self) -> bool:
        return self.liveness.is_inconclusive

    async def _ping(self, route: str, _: float) -> float:
        with self.footprint.poll("ping"):
            response = await self._ping_client.get(route)
        if response.status in GATEWAY_ERRORS:
            raise RequestFailed(
                f"backend {route} answered {response.status}; its proxy found nobody", response.status
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

    def _react_to_totals(self, totals: RequestTotals, is_another: bool) -> None:
        """Poll faster after the first signs of trouble: an error, a slow response, requests in flight."""
        self._record_recovery()
        self.traffic.record(totals)
        if self.traffic.is_newly_bad():
            self.totals.poll_faster(HURRY)
        if (in_flight := sum(totals.in_progress.values())) > 0:
            self.pool.poll_faster(self._settings.backend.fast_period)
        if in_flight >= BUSY_IN_FLIGHT:
            self.totals.poll_faster(SHORT_HURRY)
            self.pool.poll_faster(SHORT_HURRY)
        for name, probe in self.probes.items():
            if self.traffic.status(name) in (DEGRADED, DOWN):
                probe.poll_faster(HURRY)
        error, now = self.totals.error, time.monotonic()
        # a proxy without its backend responds 404 on every route, which then counts as absent
        is_recovered = (
            isinstance(error, RequestFailed) and error.status is not None and now >= self._no_retry_until
        )
        if is_recovered:
            self._no_retry_until = now + MIN_BLOCK_GAP
        if is_another or is_recovered:
            self._retry_all()  # another process may have routes that the one before had not
