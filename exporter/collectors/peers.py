"""The metrics that keep the names of another exporter, for a scrape job of that exporter's name."""

from collections.abc import Iterable, Sequence

from prometheus_client import Metric

from exporter.collector import Collector, Part, ReadPart
from exporter.collectors.fastapi import FASTAPI
from exporter.sources import Sources

# the job under which public dashboards and rules expect the names that begin so
PREFIXES = {"celery-exporter": "celery_", "postgres": "pg_", "redis": "redis_"}
JOBS = (*PREFIXES, FASTAPI.name)


def peer_collectors(collectors: Sequence[Collector]) -> tuple[Collector, ...]:
    """One collector for each such job: parts of the page, and one that is on no other page."""
    return (*(peer_collector(collectors, job, prefix) for job, prefix in PREFIXES.items()), FASTAPI)


def peer_collector(collectors: Sequence[Collector], job: str, prefix: str) -> Collector:
    """The parts of all collectors that have metrics with this prefix, with these metrics only."""
    together = [collector for collector in collectors if not collector.alone]
    parts = (peer_part(collector, part, prefix) for collector in together for part in collector.parts)
    return Collector(job, f"the metrics {prefix}*, for a job {job}", tuple(it for it in parts if it.metrics))


def peer_part(collector: Collector, part: Part, prefix: str) -> Part:
    """The part with only its metrics of this prefix."""
    metrics = tuple(it for it in part.metrics if it.name.startswith(prefix))
    return Part(f"{collector.name}.{part.name}", keep_prefix(part.read, prefix), metrics)


def keep_prefix(read: ReadPart, prefix: str) -> ReadPart:
    """The same read, whose families all have this prefix."""

    async def read_peer(sources: Sources) -> Iterable[Metric]:
        return [family for family in await read(sources) if family.name.startswith(prefix)]

    return read_peer
