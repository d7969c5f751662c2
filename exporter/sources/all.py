"""The sources of one exporter, opened and closed together."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, Self

from exporter.errors import PollDeferred, ScrapeDeadlineExceeded, SourceMisconfigured
from exporter.footprint import Footprint
from exporter.polling import Poller
from exporter.settings import Settings
from exporter.sources.backend.module_status import ModuleStatuses
from exporter.sources.backend.source import BackendSource
from exporter.sources.broker.source import BrokerSource
from exporter.sources.cache.source import CacheSource
from exporter.sources.database.source import DatabaseSource
from exporter.sources.ingestion.source import IngestionSource
from exporter.sources.ingestion_service import ServiceSource
from exporter.sources.prometheus.source import PrometheusSource
from exporter.status import StateChanges

OURS = ("prometheus", "service")


class Source(Protocol):
    """One system that is polled."""

    def pollers(self) -> Iterable[Poller[Any]]:
        """All pollers of it."""
        ...

    def open(self) -> None:
        """Start what runs in the background."""
        ...

    async def close(self) -> None:
        """Close connections and threads."""
        ...


@dataclass(frozen=True)
class Sources:
    """Every system that the exporter polls."""

    settings: Settings
    backend: BackendSource
    database: DatabaseSource
    cache: CacheSource
    broker: BrokerSource
    ingestion: IngestionSource
    prometheus: PrometheusSource
    service: ServiceSource
    modules: ModuleStatuses
    footprints: list[Footprint]
    state_changes: StateChanges

    @classmethod
    def build(cls, settings: Settings) -> Self:
        """The sources of these settings; nothing is opened yet."""
        backend, database, cache, broker = (
            BackendSource(settings),
            DatabaseSource(settings.database),
            CacheSource(settings.redis),
            BrokerSource(settings.celery, settings.redis),
        )
        backend.is_database_up = partial(last_ping_succeeded, database.ping)
        backend.is_redis_up = partial(last_ping_succeeded, cache.ping)
        backend.is_broker_up = partial(last_ping_succeeded, broker.ping)
        found = cls(
            settings=settings,
            backend=backend,
            modules=ModuleStatuses(settings, backend),
            database=database,
            cache=cache,
            broker=broker,
            ingestion=IngestionSource(settings.ingestion, settings.celery),
            prometheus=PrometheusSource(settings.anomalies, settings.limits),
            service=ServiceSource(settings.service),
            footprints=[],
            state_changes=StateChanges(),
        )
        found.footprints.extend(found._metered())
        return found

    def each(self) -> tuple[Source, ...]:
        """The sources, in the order of the page."""
        own = (self.backend, self.database, self.cache, self.broker, self.ingestion)
        return (*own, self.prometheus, self.service)

    def _metered(self) -> Iterator[Footprint]:
        """Give every source a footprint; Prometheus and the service are our own, so they have no budget."""
        yield self.backend.footprint
        for name, source in self._others():
            budget = None if name in OURS else self.settings.limits.own_share
            footprint = Footprint(name, budget)
            for poller in source.pollers():
                poller.constraints = replace(poller.constraints, footprint=footprint)
            yield footprint

    def _others(self) -> Iterator[tuple[str, Source]]:
        yield from (("database", self.database), ("cache", self.cache), ("broker", self.broker))
        yield from (("ingestion", self.ingestion), ("prometheus", self.prometheus), ("service", self.service))

    def pollers(self) -> Iterator[Poller[Any]]:
        """The pollers of all sources."""
        for source in self.each():
            yield from source.pollers()

    def open(self) -> None:
        """Start what runs in the background."""
        for source in self.each():
            source.open()

    async def close(self) -> None:
        """Stop polling, then close connections and threads."""
        await asyncio.gather(*(poller.close() for poller in self.pollers()))
        await asyncio.gather(*(source.close() for source in self.each()))


def last_ping_succeeded(ping: Poller[Any]) -> bool | None:
    """Whether a server responded to the last ping; None where it is not polled, or it is unknown."""
    if not ping.configured or (ping.error is None and ping.succeeded_at is None):
        return None
    return (
        None
        if isinstance(ping.error, ScrapeDeadlineExceeded | SourceMisconfigured | PollDeferred)
        else ping.error is None
    )
