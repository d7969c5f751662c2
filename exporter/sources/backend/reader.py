"""Requests and parses each route of the backend; counts of several processes are summed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import inf
from typing import TypeVar

from exporter.cardinality import LabelLimiter
from exporter.errors import RequestFailed, SourceError
from exporter.settings import Settings
from exporter.sources.backend.app_counters import (
    CacheCounts,
    CacheCountsTracker,
    EventBus,
    EventBusTracker,
    Performance,
    PerformanceTracker,
    newest_event_time,
)
from exporter.sources.backend.health import (
    HealthReport,
    MlHealthReport,
    ModelReport,
    WorkersReport,
    parse_health,
    parse_ml_health,
    parse_model_health,
    parse_module_health,
    parse_workers,
)
from exporter.sources.backend.metrics_page import MetricsParser, SummedSamples
from exporter.sources.backend.own_requests import OwnRequests
from exporter.sources.backend.pool import PoolTracker, PoolUsage, parse_pool
from exporter.sources.backend.request_totals import ApiTotalsTracker, RequestTotals
from exporter.sources.backend.route_requests import RouteRequests, RouteRequestsTracker
from exporter.sources.backend.routes import INGESTION, MONITORING, RouteModules, mount_path
from exporter.sources.database.time_windows import WINDOWS
from exporter.sources.http_client import HttpClient
from exporter.sources.http_response import HttpResponse, parse_json_object
from exporter.sources.json_object import JsonObject

T = TypeVar("T")
Fetch = Callable[[], Awaitable[T]]
LONG_PAGE_BYTES = (
    1_000_000  # bytes of /metrics from which it is read in a thread, so that scrapes go on meanwhile
)
START_TIME_TIMEOUT = 0.25  # seconds that a request waits for the start time of processes
START_TIME_MAX_AGE = 5.0  # seconds for which the start time in /metrics serves other requests


class BackendReader:
    """One function for each route. Each raises SourceError.

    `on_totals` is called with the totals of each /metrics page, and whether a newer process sent it.
    """

    def __init__(self, settings: Settings, client: HttpClient, own: OwnRequests) -> None:
        limits = settings.limits
        self._client = client
        self._settings = settings.backend
        routes = RouteModules(settings.modules, mount_path(settings.backend.url))
        self._parser = MetricsParser(routes, settings.backend.in_progress_metrics, own)
        self._totals = ApiTotalsTracker(self._parser, own)
        # a page that is older than the last would look like one of another process
        self._reading_totals = asyncio.Lock()
        self._totals_read_at = -inf
        self._totals_duration = 0.0
        self._long_page: asyncio.Future[SummedSamples] | None = None  # one is parsed at a time
        self._by_route = RouteRequestsTracker(settings)
        self._event_bus = EventBusTracker(limits.event_types, limits.label_length)
        self._performance = PerformanceTracker(limits.methods, limits.label_length)
        self._cache = CacheCountsTracker()
        self._models = LabelLimiter(limits.models, limits.label_length)
        self._pool = PoolTracker()
        self.on_totals: Callable[[RequestTotals, bool], None] = lambda _, __: None
        self.on_pool: Callable[[PoolUsage], None] = lambda _: None

    async def totals(self) -> RequestTotals:
        """Users' requests, from /metrics, one page after the other."""
        async with self._reading_totals:
            return await self._read_totals()

    async def _read_totals(self) -> RequestTotals:
        began = time.monotonic()
        try:
            response = await self._client.get_on_new_connection("/metrics")
            sums = await self._sums(response.body.decode(errors="replace"))
        finally:
            self._totals_duration = time.monotonic() - began
        started = self._totals.newest_start
        totals = self._totals.update(sums, response.server)
        self._totals_read_at = time.monotonic()
        self.on_totals(totals, started not in (None, self._totals.newest_start))
        return totals

    async def _sums(self, text: str) -> SummedSamples:
        """The samples of the page. A parsing thread cannot be stopped: the next page waits for it."""
        while self._long_page is not None and not self._long_page.done():
            await asyncio.wait([self._long_page])
        if len(text) <= LONG_PAGE_BYTES:
            return self._parser.parse(text)
        self._long_page = asyncio.ensure_future(asyncio.to_thread(self._parser.parse, text))
        self._long_page.add_done_callback(lambda it: it.cancelled() or it.exception())
        return await asyncio.shield(self._long_page)

    async def by_route(self) -> RouteRequests:
        """Requests by route, from /metrics."""
        response = await self._client.get_on_new_connection("/metrics")
        return self._by_route.update(response.body.decode(errors="replace"), response.server)

    async def pool(self) -> PoolUsage:
        """The connection pool, from /db/pool."""
        usage = self._pool.update(parse_pool(await self._client.get_json(f"{MONITORING}/db/pool")))
        self.on_pool(usage)
        return usage

    async def events(self) -> EventBus:
        """The event bus over all processes."""
        report, server, started = await self._get_counts(f"{MONITORING}/events")
        return self._event_bus.update(report, server, started)

    async def performance(self) -> Performance:
        """Timed methods and slow queries over all processes."""
        report, server, started = await self._get_counts(f"{MONITORING}/performance")
        return self._performance.update(report, server, started)

    async def cache(self) -> CacheCounts:
        """The application's cache over all processes."""
        report, server, started = await self._get_counts(f"{MONITORING}/cache/stats")
        return self._cache.update(report, server, started)

    async def history(self) -> float | None:
        """Unix time of the newest event."""
        return newest_event_time(await self._client.get_json(f"{MONITORING}/events/history?limit=5"))

    async def model(self) -> ModelReport:
        """The model of /model-health."""
        report = await self._client.get_json(f"{MONITORING}/model-health")
        return parse_model_health(report, self._settings.time_zone)

    async def ml(self) -> MlHealthReport:
        """The models of /health/ml."""
        return parse_ml_health(await self._client.get_json(f"{MONITORING}/health/ml"), self._models)

    async def health(self) -> HealthReport:
        """The report /health, which blocks the backend for about 2 s."""
        return parse_health(await self._client.get_json(f"{MONITORING}/health"))

    async def workers(self) -> WorkersReport:
        """The report /workers/status, which blocks the backend for about 3 s."""
        return parse_workers(await self._client.get_json(f"{MONITORING}/workers/status"))

    async def ingestion_health(self) -> HttpResponse:
        """The health of ingestion, whose 503 is a report as well."""
        path = f"{INGESTION}/health"
        response = await self._client.get(path)
        if response.status not in (200, 503):
            raise RequestFailed(
                f"backend {path} returned {response.status}; expected 200 or 503", response.status
            )
        return response

    async def engagement(self) -> dict[str, JsonObject]:
        """The report for each window of time, by the window's label."""
        route = f"{MONITORING}/user-engagement?time_window_days="
        return {w: await self._client.get_json(f"{route}{days}") for w, days in WINDOWS.items()}

    def module(self, name: str) -> Fetch[str]:
        """The status that the backend reports of this module."""

        async def read() -> str:
            report = await self._client.get_json(f"{MONITORING}/health/module/{name}")
            return parse_module_health(report)

        return read

    def document(self, path: str) -> Fetch[JsonObject]:
        """The JSON object at this path."""
        return lambda: self._client.get_json(path)

    async def _get_counts(self, path: str) -> tuple[JsonObject, str, float | None]:
        """The counts of the process that responds, its name, and when the newest process started."""
        response = await self._client.get_on_new_connection(path)
        return parse_json_object(path, response.body), response.server, await self._newest_start()

    async def _newest_start(self) -> float | None:
        """When the newest process started, which distinguishes a restart from an additional process."""
        is_old = time.monotonic() - self._totals_read_at > min(START_TIME_MAX_AGE, self._settings.period)
        # a slower page would be abandoned, which costs the backend the same and looks like silence
        is_quick = self._totals_duration < START_TIME_TIMEOUT
        if is_old and is_quick and not self._reading_totals.locked():
            # within the turn of the current request
            with suppress(SourceError, TimeoutError):
                async with asyncio.timeout(START_TIME_TIMEOUT):
                    await self.totals()
        return self._totals.newest_start
