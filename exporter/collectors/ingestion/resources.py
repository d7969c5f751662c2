"""How far the ingestion of the resources is, from their table."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import biggest
from exporter.metrics import Gauge
from exporter.sources import Sources

RESOURCES = Gauge(
    "ops_resources",
    "Resources by the state of their ingestion: error is a page without content, failed any other fault.",
    ("ingestion_status",),
)
WITHOUT_EMBEDDING = Gauge("ops_resources_without_embedding", "Resources that have no dense embedding.")
RESOURCES_METRICS = (RESOURCES, WITHOUT_EMBEDDING)
MAX_STATES = 20


async def read_resources(sources: Sources) -> Iterable[Metric]:
    """The counts; nothing where the backend has no such table."""
    found = await sources.database.resources.answer()
    if found is None:
        return ()
    return (
        RESOURCES.of(biggest(found.by_status, MAX_STATES).items()),
        WITHOUT_EMBEDDING.one(found.without_embedding),
    )
