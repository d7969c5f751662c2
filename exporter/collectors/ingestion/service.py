"""Our own ingestion service: whether it answers, what it says of its health, how many jobs it has."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import label
from exporter.metrics import Gauge, States
from exporter.sources import Sources

SERVICE_UP = Gauge(
    "ops_ingestion_service_up",
    "Whether our own ingestion service answered when it was last asked for its health.",
)
SERVICE_REPORTED_HEALTH = States(
    "ops_ingestion_service_reported_health",
    "Health of the ingestion service and of what it needs, as its body reports it.",
    ("service", "status"),
)
SERVICE_JOBS = Gauge(
    "ops_ingestion_service_jobs",
    "Ingestion jobs that the service has in its database, by state, those that ended among them.",
    ("state",),
)
SERVICE_QUEUE_CAPACITY = Gauge(
    "ops_ingestion_service_queue_capacity", "Waiting jobs from which on the service refuses more."
)
SERVICE_HEALTH_METRICS = (SERVICE_UP, SERVICE_REPORTED_HEALTH)
SERVICE_JOBS_METRICS = (SERVICE_JOBS, SERVICE_QUEUE_CAPACITY)
SERVICES = 8  # more would be an answer gone wrong


async def read_service_health(sources: Sources) -> Iterable[Metric]:
    """1 or 0, and while it answers the whole as service `ingestion`, then each thing that it needs."""
    if not await sources.service.health.works():
        return (SERVICE_UP.one(0.0),)
    said = await sources.service.health.answer()
    length = sources.settings.limits.label_length
    services = sorted((label(name, length), status) for name, status in said.services.items())
    return SERVICE_UP.one(1.0), SERVICE_REPORTED_HEALTH.of_states(
        [("ingestion", said.status), *services[:SERVICES]]
    )


async def read_service_jobs(sources: Sources) -> Iterable[Metric]:
    """The counts of its queue route."""
    found = await sources.service.queue.answer()
    return SERVICE_JOBS.of(found.jobs.items()), SERVICE_QUEUE_CAPACITY.one(found.capacity)
