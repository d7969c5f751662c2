"""Reports and observations of one moment, from the questions that all collectors share."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from exporter.collectors.self_reports.asking import get_or_none
from exporter.collectors.self_reports.said import Reports, read_reports
from exporter.collectors.self_reports.seen import Observations, read_observations
from exporter.question import Question
from exporter.settings import Settings
from exporter.sources import Sources
from exporter.sources.backend.source import BackendSource
from exporter.sources.database.source import DatabaseSource
from exporter.sources.observed_since import ObservedSince


@dataclass(frozen=True)
class ComparisonInput:
    """Everything that rows compare."""

    settings: Settings
    now: float
    said: Reports
    seen: Observations
    backend: BackendSource  # whose questions the reports answer
    database: DatabaseSource
    since: ObservedSince


async def read_comparison_input(sources: Sources) -> ComparisonInput:
    """All of it as of now."""
    # all at once, so that several silent systems cost the time of one; what follows finds answers or errors
    await asyncio.gather(
        get_or_none(sources.broker.observed),
        sources.modules.look(),
        *(get_or_none(question.answer) for question in scrape_pollers(sources)),
    )
    reports, observations = await read_reports(sources), await read_observations(sources)
    return ComparisonInput(
        sources.settings,
        time.time(),
        reports,
        observations,
        sources.backend,
        sources.database,
        sources.observed_since,
    )


def scrape_pollers(sources: Sources) -> Iterator[Question[Any]]:
    """The questions that may be put by the scrape itself."""
    backend = sources.backend
    yield from (backend.totals, backend.pool, backend.events, backend.models, backend.ml, backend.cache)
    yield from (backend.database, backend.worker_status, backend.ingestion_health, backend.no_module)
    yield from (sources.cache.ping, sources.database.ping, sources.ingestion.ping, sources.broker.lengths)
