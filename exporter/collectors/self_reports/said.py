"""What the backend says of itself at one moment."""

from dataclasses import dataclass
from functools import partial

from exporter.collectors.database.reported import reported as database_reported
from exporter.collectors.ingestion.health import reported_health
from exporter.collectors.models.states import known_models
from exporter.collectors.self_reports.asking import maybe, ready
from exporter.errors import Refused, SourceError
from exporter.sources import Sources
from exporter.sources.backend.health_report import Health, Workers
from exporter.sources.backend.model_reports import Model
from exporter.sources.document import Document
from exporter.sources.ingestion.answers import Health as IngestionHealth
from exporter.status import DEGRADED, HEALTHY, UNKNOWN, meaning

NONEXISTENT = "nonexistent"


@dataclass(frozen=True)
class Said:
    """The reports; None is what the backend did not say."""

    health: Health | None = None
    workers: Workers | None = None
    database: str = UNKNOWN
    cache: str = UNKNOWN
    pool: Document | None = None
    models: tuple[Model, ...] = ()
    ingestion: IngestionHealth | None = None
    edge: str = UNKNOWN
    no_module: str = UNKNOWN  # the status it gives to a module that does not exist

    def component(self, name: str) -> str:
        """The status that /health gives this component."""
        return UNKNOWN if self.health is None else self.health.component(name)


async def said(sources: Sources) -> Said:
    """The reports as of now; a slow one that is not there yet is not waited for."""
    backend = sources.backend
    health, workers = await ready(backend.health), await ready(backend.workers)
    database, cache = await maybe(backend.database.answer), await maybe(backend.cache.answer)
    edge = await maybe(backend.worker_status.answer)
    return Said(
        health=health,
        workers=workers,
        database=UNKNOWN if database is None else database_reported(database),
        cache=UNKNOWN if cache is None else cache.status,
        pool=await maybe(backend.pool.answer),
        models=tuple(await maybe(partial(known_models, sources)) or ()),
        ingestion=await maybe(partial(reported_health, sources)),
        edge=edge_status(edge),
        no_module=await no_module(sources),
    )


async def no_module(sources: Sources) -> str:
    """What the backend says of a module that does not exist; 404 is the right answer."""
    try:
        return await sources.backend.no_module.answer()
    except Refused as refusal:
        return NONEXISTENT if refusal.status == 404 else UNKNOWN
    except SourceError:
        return UNKNOWN


def edge_status(answer: Document | None) -> str:
    """The edge worker's last word, as the backend passes it on, as a status."""
    word = (answer.text("status") if answer is not None else None) or ""
    if word == "Idle" or word.startswith("Training"):
        return HEALTHY
    # its last job has failed, which does not end it
    return DEGRADED if word.startswith("Error") else meaning(word)
