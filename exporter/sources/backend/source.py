"""What is asked of the watched backend over HTTP, and how often."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from exporter.bounds import Admitted
from exporter.errors import BadAnswer, OutOfTime, Refused, SourceError, TimedOut
from exporter.question import Pace, Question
from exporter.settings import Backend as BackendSettings
from exporter.settings import Settings
from exporter.sources.asked import Asked
from exporter.sources.backend import event_bus, health_report, model_reports
from exporter.sources.backend.cache_counts import CacheCounts, CacheTallies
from exporter.sources.backend.client import BackendClient, Reply, as_document
from exporter.sources.backend.event_bus import EventBus, EventBuses
from exporter.sources.backend.metrics_page import MetricsPage
from exporter.sources.backend.model_reports import MlHealth, Model
from exporter.sources.backend.performance import Performance, Performances
from exporter.sources.backend.routes import Routes
from exporter.sources.backend.steady import SlowLane, Steady
from exporter.sources.backend.token import Token
from exporter.sources.backend.totals import ApiTotals, Totals
from exporter.sources.backend.traffic import Traffic
from exporter.sources.database.windows import WINDOWS
from exporter.sources.document import Document

T = TypeVar("T")
Ask = Callable[[], Awaitable[T]]
MONITORING = "/api/monitoring"
AWHILE = 0.25  # seconds that one question waits for what another may tell it
LONG_PAGE = 1_000_000  # bytes of /metrics from which it is read in a thread, so that scrapes go on meanwhile


class Backend(Asked):
    """The questions put to the backend; each names its route."""

    def __init__(self, settings: Settings) -> None:
        own, limits = settings.backend, settings.limits
        self.client = BackendClient(own.url, Token(own.token, own.token_file), own.max_bytes)
        self.traffic = Traffic(settings.judgement)
        self.slow_lane = SlowLane(own.blocked_at_most)
        self._steady: list[Steady[Any]] = []
        self._totals = ApiTotals(MetricsPage(Routes(settings.modules), own.in_progress_metrics))
        self._buses = EventBuses(limits.event_types, limits.label_length)
        self._performances = Performances(limits.methods, limits.label_length)
        self._cache = CacheTallies()
        self._models = Admitted(limits.models, limits.label_length)
        fast = Pace(own.timeout, at_most_every=own.fast_period)
        often = Pace(own.timeout, every=own.period)
        # these two block the backend's event loop for seconds: rarely, never in parallel, long rests
        slow = own.slow_period
        rarely = Pace(own.slow_timeout, every=slow, rest=slow / 4, longest_rest=2 * slow)
        self.health = Question("backend /health", self.slow_lane.ask(self._read_health), rarely)
        self.workers = Question("backend /workers/status", self.slow_lane.ask(self._read_workers), rarely)
        self._ask_monitoring(own, fast, often)
        self._ask_ingestion(often)
        self._ask_modules(settings, fast, often)

    def _ask_monitoring(self, own: BackendSettings, fast: Pace, often: Pace) -> None:
        ask, put = self._document, self._put
        self.totals: Question[Totals] = put("/metrics", self._read_totals, fast)
        self.pool = put("/db/pool", ask("/db/pool"), fast)
        self.performance: Question[Performance] = put("/performance", self._read_performance, often)
        self.database = put("/database", ask("/database"), often)
        self.events: Question[EventBus] = put("/events", self._read_events, often)
        self.history: Question[float | None] = put("/events/history", self._read_history, often)
        self.cache: Question[CacheCounts] = put("/cache/stats", self._read_cache, often)
        self.models: Question[Model] = put("/model-health", self._read_model, often)
        self.ml: Question[MlHealth] = put("/health/ml", self._read_ml, often)
        # these two count in the database, and one version of the backend always answers them with 500
        report = self._read_engagement
        seldom = Pace(len(WINDOWS) * own.timeout, every=own.slow_period, rest=30.0, longest_rest=600.0)
        self.engagement: Question[dict[str, Document]] = put("/user-engagement", report, seldom)
        self.recommendations = put("/recommendation-quality", ask("/recommendation-quality"), seldom)

    def _ask_ingestion(self, often: Pace) -> None:
        ask, put, ingestion = self._document, self._put, "/api/v1/ingestion"
        self.ingestion_health = put("ingestion health", self._reply(f"{ingestion}/health"), often)
        self.worker_status = put("ingestion worker status", ask(f"{ingestion}/worker/status", ""), often)
        self.worker_health = put("ingestion worker health", ask(f"{ingestion}/health/worker", ""), often)
        self.jobs = put("ingestion jobs", ask(f"{ingestion}/jobs/history?limit=100", ""), often)

    def _ask_modules(self, settings: Settings, fast: Pace, often: Pace) -> None:
        put = self._put
        self.reported: dict[str, Question[str]] = {
            m.name: put(f"health of {m.name}", self._read_module(m.name), often) for m in settings.modules
        }
        # a name that no module has: a backend that calls it healthy never looks
        self.no_module = put("health of no module", self._read_module("no_such_module"), often)
        self.probes: dict[str, Question[Reply]] = {
            m.name: put(m.health, self._reply(m.health), fast) for m in settings.modules if m.health
        }

    async def answers(self) -> bool:
        """Whether any of the cheap questions was answered just now, with whatever HTTP status."""
        cheap: tuple[Question[Any], ...] = (self.totals, self.pool, *self.probes.values())
        return any(await asyncio.gather(*map(answered, cheap)))

    def wedged(self) -> bool | None:
        """Whether a slow route gave no answer when last asked; None before either was asked to the end."""
        slow: tuple[Question[Any], ...] = (self.health, self.workers)
        if any(isinstance(question.error, TimedOut) for question in slow):
            return True
        return False if any(q.error is not None or q.answered_at is not None for q in slow) else None

    def watching(self) -> tuple[Question[Any], ...]:
        """The questions put to the monitoring module itself, without those that block it."""
        return (
            self.pool, self.performance, self.database, self.events, self.history, self.cache,
            self.models, self.ml, self.engagement, self.recommendations,
        )  # fmt: skip

    async def close(self) -> None:
        """Close the connections, after what still uses them."""
        await asyncio.gather(*(steady.close() for steady in self._steady))
        await self.client.close()

    def _put(self, name: str, ask: Ask[T], pace: Pace) -> Question[T]:
        steady = Steady(ask, self.slow_lane)
        self._steady.append(steady)
        return Question(f"backend {name}", steady, pace)

    def _reply(self, path: str) -> Ask[Reply]:
        return lambda: self.client.reply(path)

    def _document(self, route: str, below: str = MONITORING) -> Ask[Document]:
        return lambda: self.client.document(f"{below}{route}")

    async def _read_engagement(self) -> dict[str, Document]:
        """The report for each window of time, by the window's label."""
        route = f"{MONITORING}/user-engagement?time_window_days="
        return {w: await self.client.document(f"{route}{days}") for w, days in WINDOWS.items()}

    async def _read_totals(self) -> Totals:
        reply = await self.client.fresh("/metrics")
        text = reply.body.decode(errors="replace")
        read = self._totals.read
        totals = (
            await asyncio.to_thread(read, text, reply.server)
            if len(text) > LONG_PAGE
            else read(text, reply.server)
        )
        self.traffic.note(totals)
        return totals

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
        with suppress(SourceError, TimeoutError):
            async with asyncio.timeout(AWHILE):
                await self.totals.answer()
        return self._totals.newest_start

    async def _read_history(self) -> float | None:
        return event_bus.newest(await self.client.document(f"{MONITORING}/events/history?limit=5"))

    async def _read_model(self) -> Model:
        return model_reports.model_health(await self.client.document(f"{MONITORING}/model-health"))

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


async def answered(question: Question[Any]) -> bool:
    """Whether somebody was there to answer, be it with an error. Raises OutOfTime before that is known."""
    try:
        await question.answer()
    except Refused as error:
        return error.status is not None
    except BadAnswer:
        return True
    except OutOfTime:
        raise
    except SourceError:
        return False
    return True
