"""What is asked of the watched backend over HTTP, and how often."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from math import inf
from typing import Any, TypeVar

from exporter.bounds import Admitted
from exporter.errors import Refused, SourceError, Withheld
from exporter.footprint import Footprint
from exporter.pace import Pace, Terms
from exporter.question import Question
from exporter.settings import Backend as BackendSettings
from exporter.settings import Settings
from exporter.sources.asked import Asked
from exporter.sources.backend import event_bus, health_report, model_reports
from exporter.sources.backend.cache_counts import CacheCounts, CacheTallies
from exporter.sources.backend.client import BackendClient, Exchange, Reply, as_document
from exporter.sources.backend.event_bus import EventBus, EventBuses
from exporter.sources.backend.limiter import RequestLimiter
from exporter.sources.backend.liveness import CANDIDATES, SILENT, Liveness
from exporter.sources.backend.metrics_page import MetricsPage
from exporter.sources.backend.model_reports import MlHealth, Model
from exporter.sources.backend.own_traffic import OwnTraffic
from exporter.sources.backend.paths import INGESTION, MONITORING, NO_MODULE, below, requested
from exporter.sources.backend.performance import Performance, Performances
from exporter.sources.backend.routes import Routes
from exporter.sources.backend.token import Token
from exporter.sources.backend.totals import ApiTotals, Totals
from exporter.sources.backend.traffic import Traffic
from exporter.sources.database.windows import WINDOWS
from exporter.sources.document import Document
from exporter.status import DEGRADED, DOWN

T = TypeVar("T")
Ask = Callable[[], Awaitable[T]]
LONG_PAGE = 1_000_000  # bytes of /metrics from which it is read in a thread, so that scrapes go on meanwhile
AWHILE = 0.25  # seconds that one question waits for what another may tell it
RECENTLY = 5.0  # seconds for which what /metrics said of processes serves other questions
LEAST_GAP = 60.0  # seconds between two requests to a route that blocks the backend
SUSPENDED = 900.0  # seconds for which a route is left alone that was seen to block the backend
HURRY = 5.0  # seconds of quick requests after a sign that something is wrong


class Backend(Asked):
    """The questions put to the backend; each names its route."""

    def __init__(self, settings: Settings) -> None:
        own, limits = settings.backend, settings.limits
        self._settings = settings
        self.footprint = Footprint("backend", limits.own_share)
        self.client = BackendClient(own.url, Token(own.token, own.token_file), own.max_bytes)
        self._pinger = BackendClient(own.url, Token(None, None), own.max_bytes)
        self.liveness = Liveness(self._ping, own.ping_route)
        self.limiter = RequestLimiter(self.liveness, limits.own_share)
        self.own_traffic = OwnTraffic(requested(settings), {"/metrics", *CANDIDATES, own.ping_route or ""})
        self.traffic = Traffic(settings.judgement)
        page = MetricsPage(
            Routes(settings.modules, below(own.url)), own.in_progress_metrics, self.own_traffic
        )
        self._totals = ApiTotals(page, self.own_traffic)
        self._totals_read_at = -inf
        self._buses = EventBuses(limits.event_types, limits.label_length)
        self._performances = Performances(limits.methods, limits.label_length)
        self._cache = CacheTallies()
        self._models = Admitted(limits.models, limits.label_length)
        self.database_works: Callable[[], bool | None] = lambda: None
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

    def _ask_often(self, own: BackendSettings) -> None:
        terms = Terms(self.footprint, self.limiter.turn, self._stands)
        pool = Pace(own.timeout, at_most_every=own.fast_period, calm=max(own.calm_period, own.fast_period))
        self.totals: Question[Totals] = Question(
            "backend /metrics", self._read_totals, Pace(own.timeout, own.fast_period), terms=terms
        )
        self.pool = Question("backend /db/pool", self._document("/db/pool"), pool, terms=terms)
        # these two block the backend's event loop for seconds
        period = own.blocking_period or inf
        block = Pace(own.blocking_timeout, every=period, least_gap=min(LEAST_GAP, period), may_be_absent=True)
        blocking = Terms(self.footprint, self.limiter.blocking_turn, self._stands)
        self.health = Question("backend /health", self._read_health, block, terms=blocking)
        self.workers = Question("backend /workers/status", self._read_workers, block, terms=blocking)

    def _ask_monitoring(self, own: BackendSettings) -> None:
        ask = self._document
        often = Pace(own.timeout, every=own.period, may_be_absent=True)
        self.performance: Question[Performance] = self._put("/performance", self._read_performance, often)
        self.database = self._put("/database", ask("/database"), often)
        self.events: Question[EventBus] = self._put("/events", self._read_events, often)
        self.history: Question[float | None] = self._put("/events/history", self._read_history, often)
        self.cache: Question[CacheCounts] = self._put("/cache/stats", self._read_cache, often)
        self.models: Question[Model] = self._put("/model-health", self._read_model, often)
        self.ml: Question[MlHealth] = self._put("/health/ml", self._read_ml, often)
        # these two count in the database, and one version of the backend always answers them with 500
        seldom = Pace(
            len(WINDOWS) * own.timeout,
            every=own.slow_period,
            rest=30.0,
            longest_rest=900.0,
            may_be_absent=True,
        )
        self.engagement: Question[dict[str, Document]] = self._put(
            "/user-engagement", self._read_engagement, seldom
        )
        self.recommendations = self._put("/recommendation-quality", ask("/recommendation-quality"), seldom)

    def _ask_ingestion(self, own: BackendSettings) -> None:
        ask, often = self._document, Pace(own.timeout, every=own.period, may_be_absent=True)
        self.ingestion_health = self._put("ingestion health", self._read_ingestion, often)
        self.worker_status = self._put("ingestion worker status", ask("/worker/status", INGESTION), often)
        self.worker_health = self._put("ingestion worker health", ask("/health/worker", INGESTION), often)
        self.jobs = self._put("ingestion jobs", ask("/jobs/history?limit=100", INGESTION), often)

    def _ask_modules(self, settings: Settings) -> None:
        own = settings.backend
        often = Pace(own.timeout, every=own.period)
        probe = Pace(own.timeout, at_most_every=own.fast_period, calm=max(own.probe_period, own.fast_period))
        terms = Terms(self.footprint, self.limiter.turn, self._stands)
        self.reported: dict[str, Question[str]] = {
            m.name: self._put(f"health of {m.name}", self._read_module(m.name), often)
            for m in settings.modules
        }
        # a name that no module has: a backend that calls it healthy never looks
        self.no_module = self._put("health of no module", self._read_module(NO_MODULE), often)
        self.probes: dict[str, Question[Reply]] = {
            m.name: Question(f"backend {m.health}", self._probe(m.health), probe, terms=terms)
            for m in settings.modules
            if m.health
        }

    async def answers(self) -> bool | None:
        """Whether the backend responds at all; None before that is known."""
        return await self.liveness.is_up()

    def wedged(self) -> bool | None:
        """Whether it takes connections and gives no response beyond doubt; None before that is known."""
        return None if self.liveness.state is None else self.liveness.state == SILENT

    def watching(self) -> tuple[Question[Any], ...]:
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

    def _stands(self) -> bool:
        return self.liveness.proves_nothing

    def _exchanged(self, exchange: Exchange) -> None:
        if exchange.refused:
            self.liveness.refused()
            return
        self.own_traffic.sent(exchange.path, exchange.status)
        if exchange.status is not None:
            self.liveness.heard()
        elif exchange.silent:
            self.liveness.silence()

    def _blocked(self, query: str) -> None:
        """A request was seen to block the backend: it and its like are left alone for long."""
        ingestion = (self.ingestion_health, self.worker_status, self.worker_health, self.jobs)
        alike: Iterable[Question[Any]] = ingestion if query.startswith("ingestion ") else ()
        if query not in (self.totals.query, self.pool.query):
            self.limiter.suspend({query, *(it.query for it in alike)}, SUSPENDED)

    def _returned(self) -> None:
        for question in self.questions():
            question.try_again()

    async def _ping(self, route: str, _: float) -> float:
        with self.footprint.poll("ping"):
            return (await self._pinger.reply(route, with_token=False)).seconds

    def _put(self, name: str, ask: Ask[T], pace: Pace) -> Question[T]:
        terms = Terms(self.footprint, self.limiter.background_turn, self._stands)
        return Question(f"backend {name}", ask, pace, terms=terms)

    def _probe(self, path: str) -> Ask[Reply]:
        async def probe() -> Reply:
            # a check that needs the database holds a connection of the backend, or its event loop, meanwhile
            if self.database_works() is False:
                raise Withheld(
                    "backend health routes are not requested while the database does not answer", 1.0
                )
            return await self.client.reply(path)

        return probe

    def _document(self, route: str, below: str = MONITORING) -> Ask[Document]:
        return lambda: self.client.document(f"{below}{route}")

    async def _read_ingestion(self) -> Reply:
        reply = await self.client.reply(f"{INGESTION}/health")
        if reply.status not in (200, 503):
            raise Refused(
                f"backend ingestion health answered {reply.status}; expected 200 or 503", reply.status
            )
        return reply

    async def _read_engagement(self) -> dict[str, Document]:
        """The report for each window of time, by the window's label."""
        route = f"{MONITORING}/user-engagement?time_window_days="
        return {w: await self.client.document(f"{route}{days}") for w, days in WINDOWS.items()}

    async def _read_totals(self) -> Totals:
        reply = await self.client.fresh("/metrics")
        text = reply.body.decode(errors="replace")
        read, started = self._totals.read, self._totals.newest_start
        totals = (
            await asyncio.to_thread(read, text, reply.server)
            if len(text) > LONG_PAGE
            else read(text, reply.server)
        )
        self._totals_read_at = time.monotonic()
        self.traffic.note(totals)
        self._look_closer(totals)
        if started not in (None, self._totals.newest_start):
            self._returned()  # another process, which may have what the one before had not
        return totals

    def _look_closer(self, totals: Totals) -> None:
        """Requests in flight are the first sign of trouble: the pool, and the modules, are looked at now."""
        if sum(totals.in_progress.values()) > 0:
            self.pool.hurry(self._settings.backend.fast_period)
        for name, probe in self.probes.items():
            if self.traffic.status(name) in (DEGRADED, DOWN):
                probe.hurry(HURRY)

    async def _read_events(self) -> EventBus:
        path = f"{MONITORING}/events"
        reply = await self.client.fresh(path)
        return self._buses.read(as_document(path, reply.body), reply.server, await self._newest_start())

    async def _read_performance(self) -> Performance:
        path = f"{MONITORING}/performance"
        reply = await self.client.fresh(path)
        answer = as_document(path, reply.body)
        return self._performances.read(answer, reply.server, await self._newest_start())

    async def _read_cache(self) -> CacheCounts:
        path = f"{MONITORING}/cache/stats"
        reply = await self.client.fresh(path)
        return self._cache.read(as_document(path, reply.body), reply.server, await self._newest_start())

    async def _newest_start(self) -> float | None:
        """When the newest process started, which tells a restart from one more process."""
        if time.monotonic() - self._totals_read_at > min(RECENTLY, self._settings.backend.period):
            # inside the turn of the request that wants to know, so not as a question of its own
            with suppress(SourceError, TimeoutError):
                async with asyncio.timeout(AWHILE):
                    await self._read_totals()
        return self._totals.newest_start

    async def _read_history(self) -> float | None:
        return event_bus.newest(await self.client.document(f"{MONITORING}/events/history?limit=5"))

    async def _read_model(self) -> Model:
        answer = await self.client.document(f"{MONITORING}/model-health")
        return model_reports.model_health(answer, self._settings.backend.time_zone)

    async def _read_ml(self) -> MlHealth:
        answer = await self.client.document(f"{MONITORING}/health/ml")
        return model_reports.ml_health(answer, self._models)

    async def _read_health(self) -> health_report.Health:
        return health_report.health(await self.client.document(f"{MONITORING}/health"))

    async def _read_workers(self) -> health_report.Workers:
        return health_report.workers(await self.client.document(f"{MONITORING}/workers/status"))

    def _read_module(self, name: str) -> Ask[str]:
        async def read() -> str:
            answer = await self.client.document(f"{MONITORING}/health/module/{name}")
            return health_report.module_health(answer)

        return read
