"""What the backend reports of its ingestion, read from the body: its HTTP status says 200 to everything."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import label
from exporter.errors import Refused
from exporter.metrics import States
from exporter.sources import Sources
from exporter.sources.ingestion.answers import Health
from exporter.sources.ingestion.reading import health

REPORTED_HEALTH = States(
    "ops_ingestion_reported_health",
    "Health of the ingestion and of the services it needs, as the backend's body reports it.",
    ("service", "status"),
)
HEALTH_METRICS = (REPORTED_HEALTH,)
MAX_SERVICES = 8  # more would be an answer gone wrong


async def read_health(sources: Sources) -> Iterable[Metric]:
    """The whole as service `ingestion`, and each service that the backend names."""
    said = await reported_health(sources)
    length = sources.settings.limits.label_length
    services = sorted((label(name, length), status) for name, status in said.services.items())
    return (REPORTED_HEALTH.of_states([("ingestion", said.status), *services[:MAX_SERVICES]]),)


async def reported_health(sources: Sources) -> Health:
    """The health answer, in either of its shapes. Raises SourceError when the backend has no such route."""
    reply = await sources.backend.ingestion_health.answer()
    if reply.status not in (200, 503):
        raise Refused(f"backend ingestion health answered {reply.status}; expected 200 or 503", reply.status)
    return health(reply)
