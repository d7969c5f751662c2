"""What users have made: resources, annotations, collections."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge
from exporter.sources import Sources

OBJECTS = Gauge("ops_engagement_objects", "Resources, annotations and collections there are.", ("object",))
CREATED_OBJECTS = Gauge(
    "ops_engagement_created", "Those of them that were created in the window.", ("object", "window")
)
CREATED_METRICS = (OBJECTS, CREATED_OBJECTS)


async def read_created(sources: Sources) -> Iterable[Metric]:
    """Counts of rows; a table that this version of the backend does not have is left out."""
    created = await sources.database.created.answer()
    return (
        OBJECTS.of(created.rows.items()),
        CREATED_OBJECTS.of((*key, count) for key, count in created.created.items()),
    )
