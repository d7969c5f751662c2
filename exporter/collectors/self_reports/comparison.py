"""The input of the checks at one moment, and their result for one subject."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from exporter.collectors.self_reports.observations import Observations, read_observations
from exporter.collectors.self_reports.reports import Reports, get_or_none, read_reports
from exporter.polling import Poller
from exporter.settings import Settings
from exporter.sources import Sources
from exporter.sources.backend.source import BackendSource
from exporter.sources.database.source import DatabaseSource
from exporter.status import DEGRADED, DOWN, UNKNOWN, StateChanges


@dataclass(frozen=True)
class ComparisonInput:
    """All that the checks compare."""

    settings: Settings
    now: float
    reports: Reports
    observations: Observations
    backend: BackendSource  # whose pollers gave the reports
    database: DatabaseSource
    since: StateChanges


def request_renewal(inputs: ComparisonInput, report: Poller[Any]) -> bool:
    """Refresh the report, unless it would hang on a silent server. Returns False: it is not current yet."""
    if inputs.observations.may_block or report not in (inputs.backend.health, inputs.backend.workers):
        report.request_refresh()
    return False


async def read_comparison_input(sources: Sources) -> ComparisonInput:
    """The reports and observations as of now."""
    # all at once, so that several silent systems cost the time of one; below, results and errors are cached
    await asyncio.gather(
        get_or_none(sources.broker.snapshot),
        sources.modules.assess(),
        *(get_or_none(poller.get) for poller in scrape_pollers(sources)),
    )
    reports, observations = await read_reports(sources), await read_observations(sources)
    return ComparisonInput(
        sources.settings,
        time.time(),
        reports,
        observations,
        sources.backend,
        sources.database,
        sources.state_changes,
    )


def scrape_pollers(sources: Sources) -> Iterator[Poller[Any]]:
    """The pollers that may run within the scrape."""
    backend = sources.backend
    yield from (backend.totals, backend.pool, backend.events, backend.models, backend.ml, backend.cache)
    yield from (backend.database, backend.worker_status, backend.ingestion_health, backend.no_module)
    yield from (sources.cache.ping, sources.database.ping, sources.ingestion.ping, sources.broker.lengths)


TROUBLE = {DEGRADED, DOWN}


class Comparison(NamedTuple):
    """The reported and the observed status of one subject, and the poller of the report.

    Without a poller report and observation are of the same moment.
    """

    subject: str
    reported: str
    observed: str
    report: Poller[Any] | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is both a report and an observation."""
        return UNKNOWN not in (self.reported, self.observed)

    @property
    def disagrees(self) -> bool:
        """Whether the report is wrong; degraded and down differ only in degree, and agree."""
        return self.reported != self.observed and not {self.reported, self.observed} <= TROUBLE


@dataclass(frozen=True)
class Check:
    """One known way in which a backend's report is wrong; `number` is its row in the truth table."""

    number: int
    about: str
    compare: Callable[[ComparisonInput], Iterable[Comparison]]
