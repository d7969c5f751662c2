"""What the backend reports of itself at one moment."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from exporter.collectors.database import reported_database_status as database_reported
from exporter.collectors.ingestion import reported_health
from exporter.collectors.models import read_models
from exporter.errors import RequestFailed, SourceError
from exporter.polling import Poller
from exporter.sources import Sources
from exporter.sources.backend.health import HealthReport, ModelReport, WorkersReport
from exporter.sources.backend.pool import PoolUsage
from exporter.sources.ingestion.models import IngestionHealth
from exporter.sources.json_object import JsonObject
from exporter.status import DEGRADED, HEALTHY, UNKNOWN, parse_status

T = TypeVar("T")
MAX_WAIT = 1.1  # seconds; a poll has 1 s by default


async def get_or_none(fetch: Callable[[], Awaitable[T]]) -> T | None:
    """The result, None without one in time."""
    try:
        async with asyncio.timeout(MAX_WAIT):
            return await fetch()
    except (SourceError, TimeoutError):
        return None


async def cached_or_none(poller: Poller[T]) -> T | None:
    """The last result of a slow poller; None before its first result, without waiting."""
    return None if poller.succeeded_at is None else await get_or_none(poller.get)


NONEXISTENT = "nonexistent"


@dataclass(frozen=True)
class Reports:
    """The reports; None is what the backend did not report."""

    health: HealthReport | None = None
    workers: WorkersReport | None = None
    database: str = UNKNOWN
    cache: str = UNKNOWN
    pool: PoolUsage | None = None
    models: tuple[ModelReport, ...] = ()
    ingestion: IngestionHealth | None = None
    edge: str = UNKNOWN
    missing_module: str = UNKNOWN  # the status it gives to a module that does not exist

    def component(self, name: str) -> str:
        """The status that /health gives this component."""
        return UNKNOWN if self.health is None else self.health.component(name)


async def read_reports(sources: Sources) -> Reports:
    """The reports as of now, without waiting for slow ones."""
    backend = sources.backend
    health, workers = await cached_or_none(backend.health), await cached_or_none(backend.workers)
    database, cache = await get_or_none(backend.database.get), await get_or_none(backend.cache.get)
    edge = await get_or_none(backend.worker_status.get)
    return Reports(
        health=health,
        workers=workers,
        database=UNKNOWN if database is None else database_reported(database),
        cache=UNKNOWN if cache is None else cache.status,
        pool=await get_or_none(backend.pool.get),
        models=tuple(await get_or_none(partial(read_models, sources)) or ()),
        ingestion=await get_or_none(partial(reported_health, sources)),
        edge=edge_worker_status(edge),
        missing_module=await missing_module_status(sources),
    )


async def missing_module_status(sources: Sources) -> str:
    """The reported status of a module that does not exist; 404 is the correct response."""
    try:
        return await sources.backend.no_module.get()
    except RequestFailed as error:
        return NONEXISTENT if error.status == 404 else UNKNOWN
    except SourceError:
        return UNKNOWN


def edge_worker_status(report: JsonObject | None) -> str:
    """The status of the edge worker, from its last state as the backend reports it."""
    word = (report.text("status") if report is not None else None) or ""
    if word == "Idle" or word.startswith("Training"):
        return HEALTHY
    # its last job has failed, which does not end it
    return DEGRADED if word.startswith("Error") else parse_status(word)
