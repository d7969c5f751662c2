"""What is observed of the backend and of the servers it needs at one moment."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from exporter.collectors.ingestion_workers import read_edge_worker
from exporter.collectors.self_reports.reports import cached_or_none, get_or_none
from exporter.errors import SourceTimeout
from exporter.polling import Poller
from exporter.sources import Sources
from exporter.sources.backend.app_counters import EventBus
from exporter.sources.backend.module_status import ModuleStatus
from exporter.sources.backend.module_status import database_status as probed_database
from exporter.sources.broker.results import StoredResults
from exporter.sources.broker.snapshot import BrokerSnapshot
from exporter.sources.database.embedding_audit import EmbeddingAudit
from exporter.sources.database.resources import EmbeddingCoverage
from exporter.sources.ingestion.models import EdgeWorker
from exporter.status import DOWN, HEALTHY, UNKNOWN, worst_status


@dataclass(frozen=True)
class Observations:
    """The observations; None is what could not be observed."""

    modules: tuple[ModuleStatus, ...] = ()
    answers: bool | None = True
    wedged: bool | None = None
    may_block: bool = True  # whether no server is silent on which /health would hang
    database: str = UNKNOWN
    cache: str = UNKNOWN
    ingestion: str = UNKNOWN
    broker: BrokerSnapshot | None = None
    hidden: tuple[str, ...] | None = None  # queues whose messages all wait in lists of a higher priority
    results: StoredResults | None = None
    bus: EventBus | None = None
    processes: int = 0
    edge: EdgeWorker | None = None
    sparse: EmbeddingCoverage | None = None
    evidence: tuple[EmbeddingAudit, ...] = ()


async def read_observations(sources: Sources) -> Observations:
    """The observations as of now, without waiting for slow ones."""
    backend = sources.backend
    totals, bus = await get_or_none(backend.totals.get), await get_or_none(backend.events.get)
    evidence, sparse = (
        await cached_or_none(sources.database.embedding_audits),
        await cached_or_none(sources.database.embedding_coverage),
    )
    results = await cached_or_none(sources.broker.results)
    return Observations(
        modules=tuple(await sources.modules.assess()),
        answers=await backend.is_up(),
        wedged=backend.is_wedged(),
        may_block=not any(isinstance(ping.error, SourceTimeout) for ping in server_pings(sources)),
        database=await observed_database_status(sources),
        cache=await ping_status(sources.cache.ping),
        ingestion=await ping_status(sources.ingestion.ping),
        broker=await get_or_none(sources.broker.snapshot),
        hidden=await get_or_none(partial(queues_hidden_by_priority, sources)),
        results=results,
        bus=bus,
        processes=max(totals.processes if totals else 0, bus.processes if bus else 0),
        edge=await get_or_none(partial(read_edge_worker, sources)),
        sparse=sparse,
        evidence=evidence or (),
    )


def server_pings(sources: Sources) -> tuple[Poller[Any], ...]:
    """Our pings of the servers that the backend checks for its own health report."""
    return sources.database.ping, sources.cache.ping, sources.broker.ping


async def ping_status(poller: Poller[Any]) -> str:
    """Whether a server responds to our own ping, as a status."""
    answers = await get_or_none(poller.is_responding)
    return UNKNOWN if answers is None else HEALTHY if answers else DOWN


async def observed_database_status(sources: Sources) -> str:
    """The database by our own ping, else by the modules' reliable health routes."""
    own = await ping_status(sources.database.ping)
    if own != UNKNOWN:
        return own
    replies = [await get_or_none(probe.get) for probe in sources.backend.probes.values()]
    return worst_status(probed_database(reply.body) for reply in replies if reply is not None)


async def queues_hidden_by_priority(sources: Sources) -> tuple[str, ...]:
    """The queues whose main list is empty while messages wait at other priorities."""
    broker = sources.broker
    found = await broker.lengths.get()
    return tuple(q for q, n in found.queues.items() if n and broker.keys.lists(q)[0] not in found.filled_keys)
