"""Reports and observations of one moment, gathered from the questions that all collectors share."""

import asyncio
import time
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from exporter.collectors.database_reported import reported as database_reported
from exporter.collectors.ingestion_health import reported_health
from exporter.collectors.ingestion_worker import edge_worker
from exporter.collectors.models_states import known_models
from exporter.errors import Refused, SourceError
from exporter.question import Question
from exporter.settings import Settings
from exporter.sources import Sources
from exporter.sources.broker_results import Results
from exporter.sources.broker_view import BrokerView
from exporter.sources.document import Document
from exporter.sources.event_bus import EventBus
from exporter.sources.health_report import Health, Workers
from exporter.sources.ingestion_answers import Health as IngestionHealth
from exporter.sources.ingestion_answers import Worker
from exporter.sources.model_reports import Model
from exporter.sources.module_views import ModuleView
from exporter.sources.probe import database as probed_database
from exporter.sources.sql.sparse import Sparse
from exporter.sources.sql.sparse_evidence import Evidence
from exporter.status import DOWN, HEALTHY, UNKNOWN, meaning, worst

T = TypeVar("T")
NONEXISTENT = "nonexistent"
LONGEST = 1.1  # seconds; a question has 1 s by default


@dataclass(frozen=True)
class Sight:
    """Everything that rows compare; None is what nobody could say at this moment."""

    settings: Settings
    now: float
    # reports
    health: Health | None
    workers: Workers | None
    database: str
    cache: str
    pool: Document | None
    models: tuple[Model, ...]
    ingestion: IngestionHealth | None
    edge_says: str
    any_name: str  # the status reported of a module that does not exist
    # observations
    modules: tuple[ModuleView, ...]
    answers: bool
    wedged: bool | None
    database_seen: str
    cache_seen: str
    ingestion_seen: str
    broker: BrokerView | None
    hidden: tuple[str, ...] | None  # queues whose messages all wait in lists of a higher priority
    results: Results | None
    bus: EventBus | None
    processes: int
    edge: Worker | None
    sparse: Sparse | None
    evidence: tuple[Evidence, ...]


async def sight(sources: Sources) -> Sight:
    """All of it as of now; nothing here waits for a question that is slow."""
    backend, broker = sources.backend, sources.broker
    # all at once, so that several silent systems cost the time of one; what follows finds answers or errors
    observed, modules, *_ = await asyncio.gather(
        maybe(broker.observed()), sources.modules.look(), *(maybe(q.answer()) for q in quick(sources))
    )
    totals, bus = await maybe(backend.totals.answer()), await maybe(backend.events.answer())
    models = await maybe(known_models(sources))
    evidence = await ready(sources.database.evidence)
    health, workers = await ready(backend.health), await ready(backend.workers)
    results, cache = await ready(broker.results), await maybe(backend.cache.answer())
    database = await maybe(backend.database.answer())
    edge_says = await maybe(backend.worker_status.answer())
    return Sight(
        settings=sources.settings,
        now=time.time(),
        health=health,
        workers=workers,
        database=UNKNOWN if database is None else database_reported(database),
        cache=UNKNOWN if cache is None else cache.status,
        pool=await maybe(backend.pool.answer()),
        models=tuple(models or ()),
        ingestion=await maybe(reported_health(sources)),
        edge_says=spoken(edge_says),
        any_name=await no_module(sources),
        modules=tuple(modules),
        answers=await backend.answers(),
        wedged=backend.wedged(),
        database_seen=await seen_database(sources),
        cache_seen=await seen(sources.cache.ping),
        ingestion_seen=await seen(sources.ingestion.ping),
        broker=observed,
        hidden=await maybe(hidden(sources)),
        results=results,
        bus=bus,
        processes=max(totals.processes if totals else 0, bus.processes if bus else 0),
        edge=await maybe(edge_worker(sources)),
        sparse=await ready(sources.database.sparse),
        evidence=evidence or (),
    )


def quick(sources: Sources) -> Iterator[Question[Any]]:
    """The questions that may be put by the scrape itself."""
    backend = sources.backend
    yield from (backend.totals, backend.pool, backend.events, backend.models, backend.ml, backend.cache)
    yield from (backend.database, backend.worker_status, backend.ingestion_health, backend.no_module)
    yield from (sources.cache.ping, sources.database.ping, sources.ingestion.ping, sources.broker.lengths)


async def maybe(answer: Awaitable[T]) -> T | None:
    """The answer, None where there is none in time."""
    try:
        async with asyncio.timeout(LONGEST):
            return await answer
    except (SourceError, TimeoutError):
        return None


async def ready(question: Question[T]) -> T | None:
    """The last answer of a slow question; one that was never answered is not waited for."""
    return None if question.answered_at is None else await maybe(question.answer())


async def seen(question: Question[T]) -> str:
    """Whether a server answers our own smallest question, as a status."""
    works = await maybe(question.works())
    return UNKNOWN if works is None else HEALTHY if works else DOWN


async def seen_database(sources: Sources) -> str:
    """The database by our own query, else by what the modules' truthful health routes say of it."""
    own = await seen(sources.database.ping)
    if own != UNKNOWN:
        return own
    replies = [await maybe(probe.answer()) for probe in sources.backend.probes.values()]
    return worst(probed_database(reply.body) for reply in replies if reply is not None)


async def no_module(sources: Sources) -> str:
    """What the backend says of a module that does not exist; 404 is the right answer."""
    try:
        return await sources.backend.no_module.answer()
    except Refused as refusal:
        return NONEXISTENT if refusal.status == 404 else UNKNOWN
    except SourceError:
        return UNKNOWN


async def hidden(sources: Sources) -> tuple[str, ...]:
    """The queues that look empty to whoever asks for the length of the list of their name."""
    broker = sources.broker
    found = await broker.lengths.answer()
    return tuple(q for q, n in found.queues.items() if n and broker.keys.lists(q)[0] not in found.filled)


def spoken(answer: Document | None) -> str:
    """The edge worker's word as the backend passes it on, as a status."""
    word = (answer.text("status") if answer is not None else None) or ""
    if word == "Idle" or word.startswith("Training"):
        return HEALTHY
    return meaning(word.partition(":")[0])
