"""How each route of the backend is requested and read; counts of several processes are summed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import inf
from typing import TypeVar

from exporter.bounds import Admitted
from exporter.errors import Refused, SourceError
from exporter.settings import Settings
from exporter.sources.backend import event_bus, health_report, model_reports
from exporter.sources.backend.cache_counts import CacheCounts, CacheTallies
from exporter.sources.backend.client import BackendClient, Reply, as_document
from exporter.sources.backend.event_bus import EventBus, EventBuses
from exporter.sources.backend.metrics_page import MetricsPage, Sums
from exporter.sources.backend.model_reports import MlHealth, Model
from exporter.sources.backend.own_traffic import OwnTraffic
from exporter.sources.backend.paths import INGESTION, MONITORING, below
from exporter.sources.backend.performance import Performance, Performances
from exporter.sources.backend.routes import Routes
from exporter.sources.backend.totals import ApiTotals, Totals
from exporter.sources.database.time_windows import WINDOWS
from exporter.sources.document import Document

T = TypeVar("T")
Ask = Callable[[], Awaitable[T]]
LONG_PAGE = 1_000_000  # bytes of /metrics from which it is read in a thread, so that scrapes go on meanwhile
AWHILE = 0.25  # seconds that one request waits for what another may tell it
RECENTLY = 5.0  # seconds for which what /metrics said of processes serves other requests


class Reader:
    """One function for each route, which requests and reads it. Each raises SourceError.

    `on_totals` is called with what each page of /metrics says, and whether another process gave it.
    """

    def __init__(self, settings: Settings, client: BackendClient, own: OwnTraffic) -> None:
        limits = settings.limits
        self._client = client
        self._settings = settings.backend
        routes = Routes(settings.modules, below(settings.backend.url))
        self._page = MetricsPage(routes, settings.backend.in_progress_metrics, own)
        self._totals = ApiTotals(self._page, own)
        self._totals_read_at = -inf
        self._totals_took = 0.0
        self._long_page: asyncio.Future[Sums] | None = (
            None  # one is read at a time, whoever still waits for it
        )
        self._buses = EventBuses(limits.event_types, limits.label_length)
        self._performances = Performances(limits.methods, limits.label_length)
        self._cache = CacheTallies()
        self._models = Admitted(limits.models, limits.label_length)
        self.on_totals: Callable[[Totals, bool], None] = lambda _, __: None

    async def totals(self) -> Totals:
        """Users' requests, from /metrics."""
        began = time.monotonic()
        try:
            reply = await self._client.fresh("/metrics")
            sums = await self._sums(reply.body.decode(errors="replace"))
        finally:
            self._totals_took = time.monotonic() - began
        started = self._totals.newest_start
        totals = self._totals.take(sums, reply.server)
        self._totals_read_at = time.monotonic()
        self.on_totals(totals, started not in (None, self._totals.newest_start))
        return totals

    async def _sums(self, text: str) -> Sums:
        """What the page says. A thread that reads one cannot be stopped: the next page waits for its end."""
        while self._long_page is not None and not self._long_page.done():
            await asyncio.wait([self._long_page])
        if len(text) <= LONG_PAGE:
            return self._page.read(text)
        self._long_page = asyncio.ensure_future(asyncio.to_thread(self._page.read, text))
        self._long_page.add_done_callback(lambda it: it.cancelled() or it.exception())
        return await asyncio.shield(self._long_page)

    async def events(self) -> EventBus:
        """The event bus over all processes."""
        answer, server, started = await self._counted(f"{MONITORING}/events")
        return self._buses.read(answer, server, started)

    async def performance(self) -> Performance:
        """Timed methods and slow queries over all processes."""
        answer, server, started = await self._counted(f"{MONITORING}/performance")
        return self._performances.read(answer, server, started)

    async def cache(self) -> CacheCounts:
        """The application's cache over all processes."""
        answer, server, started = await self._counted(f"{MONITORING}/cache/stats")
        return self._cache.read(answer, server, started)

    async def history(self) -> float | None:
        """Unix time of the newest event."""
        return event_bus.newest(await self._client.document(f"{MONITORING}/events/history?limit=5"))

    async def model(self) -> Model:
        """The model of /model-health."""
        answer = await self._client.document(f"{MONITORING}/model-health")
        return model_reports.model_health(answer, self._settings.time_zone)

    async def ml(self) -> MlHealth:
        """The models of /health/ml."""
        return model_reports.ml_health(await self._client.document(f"{MONITORING}/health/ml"), self._models)

    async def health(self) -> health_report.Health:
        """The report /health, which blocks the backend for about 2 s."""
        return health_report.health(await self._client.document(f"{MONITORING}/health"))

    async def workers(self) -> health_report.Workers:
        """The report /workers/status, which blocks the backend for about 3 s."""
        return health_report.workers(await self._client.document(f"{MONITORING}/workers/status"))

    async def ingestion_health(self) -> Reply:
        """The health of the ingestion, whose 503 is a report as well."""
        path = f"{INGESTION}/health"
        reply = await self._client.reply(path)
        if reply.status not in (200, 503):
            raise Refused(f"backend {path} answered {reply.status}; expected 200 or 503", reply.status)
        return reply

    async def engagement(self) -> dict[str, Document]:
        """The report for each window of time, by the window's label."""
        route = f"{MONITORING}/user-engagement?time_window_days="
        return {w: await self._client.document(f"{route}{days}") for w, days in WINDOWS.items()}

    def module(self, name: str) -> Ask[str]:
        """What the backend reports of this module."""

        async def read() -> str:
            answer = await self._client.document(f"{MONITORING}/health/module/{name}")
            return health_report.module_health(answer)

        return read

    def document(self, path: str) -> Ask[Document]:
        """The JSON object at this path."""
        return lambda: self._client.document(path)

    async def _counted(self, path: str) -> tuple[Document, str, float | None]:
        """The counts of the process that answers, its name, and when the newest process started."""
        reply = await self._client.fresh(path)
        return as_document(path, reply.body), reply.server, await self._newest_start()

    async def _newest_start(self) -> float | None:
        """When the newest process started, which tells a restart from one more process."""
        is_old = time.monotonic() - self._totals_read_at > min(RECENTLY, self._settings.period)
        # a page that takes longer would be abandoned, which costs the backend the same and looks like silence
        if is_old and self._totals_took < AWHILE:
            # inside the turn of the request that wants to know, so not as a question of its own
            with suppress(SourceError, TimeoutError):
                async with asyncio.timeout(AWHILE):
                    await self.totals()
        return self._totals.newest_start
