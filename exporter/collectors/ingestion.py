"""Ingestion: its Redis server, queues, tracked jobs, resources and reported health."""

from collections import Counter
from collections.abc import Iterable

from prometheus_client import Metric

from exporter.cardinality import top_n
from exporter.collector import Collector, Part
from exporter.collectors import ingestion_history, ingestion_service, ingestion_workers, redis_rights
from exporter.metrics import Gauge, StateGauge
from exporter.sources import Sources
from exporter.sources.ingestion.models import IngestionHealth
from exporter.sources.ingestion.parsing import JOB_STATES, parse_health

UP = Gauge(
    "ops_ingestion_redis_up", "Whether the Redis server with the ingestion queue replied to our own PING."
)
PING_METRICS = (UP,)


async def read_ping(sources: Sources) -> Iterable[Metric]:
    """1 or 0, from our own PING only."""
    return (UP.single(float(await sources.ingestion.ping.is_responding())),)


QUEUE_LENGTH = Gauge("ops_ingestion_queue_length", "Items waiting in the ingestion queue.", ("queue",))
QUEUE_CAPACITY = Gauge(
    "ops_ingestion_queue_capacity",
    "Queue length from which the backend rejects items; a setting, since the backend does not report it.",
    ("queue",),
)
OLDEST_ITEM = Gauge(
    "ops_ingestion_queue_oldest_timestamp_seconds",
    "Unix time at which the oldest waiting item was queued; absent while the queue is empty.",
    ("queue",),
)
DEAD_LETTERS = Gauge("ops_ingestion_dead_letters", "Items in the dead letter queue.")
QUEUES_METRICS = (QUEUE_LENGTH, QUEUE_CAPACITY, OLDEST_ITEM, DEAD_LETTERS)


async def read_queues(sources: Sources) -> Iterable[Metric]:
    """The queues in Redis; nothing if the server never held any of their keys."""
    found = await sources.ingestion.queues.get()
    return (
        QUEUE_LENGTH.family((queue.name, queue.length) for queue in found.queues),
        QUEUE_CAPACITY.family((queue.name, queue.capacity) for queue in found.queues),
        OLDEST_ITEM.family((queue.name, queue.oldest) for queue in found.queues),
        DEAD_LETTERS.single(found.dead_letters),
    )


TRACKED_JOBS = Gauge(
    "ops_ingestion_tracked_jobs",
    "Jobs in the backend's own table of jobs, by state; absent without such a table.",
    ("state",),
)
JOBS_METRICS = (TRACKED_JOBS,)


async def read_jobs(sources: Sources) -> Iterable[Metric]:
    """The jobs by state. All states appear as soon as one job is tracked."""
    jobs = await sources.ingestion.jobs.get()
    if not jobs:
        return ()
    by_state = Counter(job.state for job in jobs)
    return (TRACKED_JOBS.family((state, by_state[state]) for state in JOB_STATES),)


RESOURCES = Gauge(
    "ops_resources",
    "Resources by ingestion status: error is a page without content, failed any other fault.",
    ("ingestion_status",),
)
WITHOUT_EMBEDDING = Gauge("ops_resources_without_embedding", "Resources that have no dense embedding.")
RESOURCES_METRICS = (RESOURCES, WITHOUT_EMBEDDING)
MAX_STATES = 20


async def read_resources(sources: Sources) -> Iterable[Metric]:
    """The counts; nothing where the backend has no such table."""
    found = await sources.database.resources.get()
    if found is None:
        return ()
    return (
        RESOURCES.family(top_n(found.by_status, MAX_STATES).items()),
        WITHOUT_EMBEDDING.single(found.without_embedding),
    )


REPORTED_HEALTH = StateGauge(
    "ops_ingestion_reported_health",
    "Health of ingestion and of the services it needs, as the body of the backend's response reports it.",
    ("service", "status"),
)
HEALTH_METRICS = (REPORTED_HEALTH,)


async def read_health(sources: Sources) -> Iterable[Metric]:
    """The overall status as service `ingestion`, and each service that the backend names."""
    rows = ingestion_service.health_rows(sources, await reported_health(sources))
    return (REPORTED_HEALTH.state_family(rows),)


async def reported_health(sources: Sources) -> IngestionHealth:
    """The health response, in either of its shapes. Raises SourceError when the backend has no such route."""
    return parse_health(await sources.backend.ingestion_health.get())


INGESTION = Collector(
    "ingestion",
    "queues and their capacity, worker heartbeat, finished jobs, dead letters; the same of our own service",
    (
        Part("ping", read_ping, PING_METRICS),
        Part("queues", read_queues, QUEUES_METRICS),
        Part("worker", ingestion_workers.read_worker, ingestion_workers.WORKER_METRICS),
        Part("cloud", ingestion_workers.read_cloud, ingestion_workers.CLOUD_METRICS),
        Part("jobs", read_jobs, JOBS_METRICS),
        Part("history", ingestion_history.read_history, ingestion_history.HISTORY_METRICS),
        Part("rights", redis_rights.read_ingestion_rights, redis_rights.METRICS),
        Part("resources", read_resources, RESOURCES_METRICS),
        Part("health", read_health, HEALTH_METRICS),
        Part("service", ingestion_service.read_service_health, ingestion_service.SERVICE_HEALTH_METRICS),
        Part("service_jobs", ingestion_service.read_service_jobs, ingestion_service.SERVICE_JOBS_METRICS),
        Part(
            "service_history",
            ingestion_service.read_service_history,
            ingestion_service.SERVICE_HISTORY_METRICS,
        ),
        Part(
            "service_workers",
            ingestion_service.read_service_workers,
            ingestion_service.SERVICE_WORKERS_METRICS,
        ),
    ),
)
