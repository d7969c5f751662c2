"""Reports and observations of one moment, from the questions that all collectors share."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from exporter.collectors.self_reports.asking import maybe
from exporter.collectors.self_reports.said import Said, said
from exporter.collectors.self_reports.seen import Seen, seen
from exporter.question import Question
from exporter.settings import Settings
from exporter.sources import Sources
from exporter.sources.backend.source import Backend
from exporter.sources.database.source import DatabaseSource
from exporter.sources.observed_since import ObservedSince


@dataclass(frozen=True)
class Sight:
    """Everything that rows compare."""

    settings: Settings
    now: float
    said: Said
    seen: Seen
    backend: Backend  # whose questions the reports answer
    database: DatabaseSource
    since: ObservedSince


async def sight(sources: Sources) -> Sight:
    """All of it as of now."""
    # all at once, so that several silent systems cost the time of one; what follows finds answers or errors
    await asyncio.gather(
        maybe(sources.broker.observed),
        sources.modules.look(),
        *(maybe(question.answer) for question in quick(sources)),
    )
    reports, observations = await said(sources), await seen(sources)
    return Sight(
        sources.settings,
        time.time(),
        reports,
        observations,
        sources.backend,
        sources.database,
        sources.observed_since,
    )


def quick(sources: Sources) -> Iterator[Question[Any]]:
    """The questions that may be put by the scrape itself."""
    backend = sources.backend
    yield from (backend.totals, backend.pool, backend.events, backend.models, backend.ml, backend.cache)
    yield from (backend.database, backend.worker_status, backend.ingestion_health, backend.no_module)
    yield from (sources.cache.ping, sources.database.ping, sources.ingestion.ping, sources.broker.lengths)
