"""The sources of one exporter, opened and closed together."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self

from exporter.question import Question
from exporter.settings import Settings
from exporter.sources.backend.module_views import ModuleViews
from exporter.sources.backend.source import Backend
from exporter.sources.broker.source import Broker
from exporter.sources.cache.source import Cache
from exporter.sources.database.source import Database
from exporter.sources.ingestion.source import Ingestion
from exporter.sources.prometheus.source import Prometheus
from exporter.sources.service.source import Service


class Source(Protocol):
    """One system that is asked."""

    def questions(self) -> Iterable[Question[Any]]:
        """All questions that are put to it."""
        ...

    def open(self) -> None:
        """Start what runs beside the scrape."""
        ...

    async def close(self) -> None:
        """Close connections and threads."""
        ...


@dataclass(frozen=True)
class Sources:
    """Every system that is asked."""

    settings: Settings
    backend: Backend
    database: Database
    cache: Cache
    broker: Broker
    ingestion: Ingestion
    prometheus: Prometheus
    service: Service
    modules: ModuleViews

    @classmethod
    def build(cls, settings: Settings) -> Self:
        """The sources that these settings name; nothing is opened yet."""
        backend = Backend(settings)
        return cls(
            settings=settings,
            backend=backend,
            modules=ModuleViews(settings, backend),
            database=Database(settings.database),
            cache=Cache(settings.redis),
            broker=Broker(settings.celery),
            ingestion=Ingestion(settings.ingestion, settings.celery),
            prometheus=Prometheus(settings.anomalies, settings.limits),
            service=Service(settings.service),
        )

    def each(self) -> tuple[Source, ...]:
        """The sources, in the order of the page."""
        own = (self.backend, self.database, self.cache, self.broker, self.ingestion)
        return (*own, self.prometheus, self.service)

    def questions(self) -> Iterator[Question[Any]]:
        """Everything that is asked of anyone."""
        for source in self.each():
            yield from source.questions()

    def open(self) -> None:
        """Start what runs beside the scrape."""
        for source in self.each():
            source.open()

    async def close(self) -> None:
        """Stop asking, then close connections and threads."""
        await asyncio.gather(*(question.close() for question in self.questions()))
        await asyncio.gather(*(source.close() for source in self.each()))
