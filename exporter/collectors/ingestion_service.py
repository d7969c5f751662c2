"""Our own ingestion service: its health, jobs, workers and history."""

import time
from collections.abc import Iterable

from prometheus_client import Metric

from exporter.cardinality import sanitize_label
from exporter.collectors.ingestion_history import JobHistoryMetrics
from exporter.metrics import Counter, Gauge, Histogram, Info, StateGauge, Summary
from exporter.sources import Sources
from exporter.sources.ingestion_service import END_STATES, WORKER_STATES, ServiceWorker

SERVICE_UP = Gauge(
    "ops_ingestion_service_up",
    "Whether our own ingestion service answered when it was last asked for its health.",
)
SERVICE_REPORTED_HEALTH = StateGauge(
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
    if not await sources.service.health.is_responding():
        return (SERVICE_UP.single(0.0),)
    said = await sources.service.health.get()
    length = sources.settings.limits.label_length
    services = sorted((sanitize_label(name, length), status) for name, status in said.services.items())
    return SERVICE_UP.single(1.0), SERVICE_REPORTED_HEALTH.state_family(
        [("ingestion", said.status), *services[:SERVICES]]
    )


async def read_service_jobs(sources: Sources) -> Iterable[Metric]:
    """The counts of its queue route."""
    found = await sources.service.queue.get()
    return SERVICE_JOBS.family(found.jobs.items()), SERVICE_QUEUE_CAPACITY.single(found.capacity)


SERVICE_STATE = StateGauge(
    "ops_ingestion_service_reported_state",
    "What the workers of the service do, in its one word for all of them.",
    ("state",),
    states=WORKER_STATES,
)
SERVICE_WORKER_REPORTED = StateGauge(
    "ops_ingestion_service_worker_reported_status",
    "Status of the worker as the service tells it: offline is down.",
    ("worker", "status"),
)
SERVICE_WORKER_STATUS = StateGauge(
    "ops_ingestion_service_worker_status",
    "Status of the worker by the age of its heartbeat on our clock; unknown where it never sent one.",
    ("worker", "status"),
)
SERVICE_WORKER_HEARTBEAT = Gauge(
    "ops_ingestion_service_worker_heartbeat_timestamp_seconds",
    "Unix time of the worker's last heartbeat, as the service tells it.",
    ("worker",),
)
SERVICE_WORKER_JOBS = Gauge(
    "ops_ingestion_service_worker_jobs", "Jobs that the worker has in hand.", ("worker",)
)
SERVICE_WORKER_INFO = Info(
    "ops_ingestion_service_worker_info",
    "Kind of the worker (cloud, edge) and whether it has a GPU (yes, no, unknown).",
    ("worker", "kind", "gpu"),
)
SERVICE_WORKERS_METRICS = (
    SERVICE_STATE,
    SERVICE_WORKER_REPORTED,
    SERVICE_WORKER_STATUS,
    SERVICE_WORKER_HEARTBEAT,
    SERVICE_WORKER_JOBS,
    SERVICE_WORKER_INFO,
)
GPU = {True: "yes", False: "no", None: "unknown"}


async def read_service_workers(sources: Sources) -> Iterable[Metric]:
    """The workers last heard of, as many as the settings allow."""
    said, now = await sources.service.workers.get(), time.time()
    length = sources.settings.limits.label_length
    newest = sorted(said.each, key=lambda worker: -(worker.heartbeat or 0.0))
    each = {sanitize_label(w.name, length): w for w in reversed(newest[: sources.settings.service.workers])}
    return (
        SERVICE_STATE.state_family([(said.state,)]),
        SERVICE_WORKER_REPORTED.state_family((name, worker.reported) for name, worker in each.items()),
        SERVICE_WORKER_STATUS.state_family(
            (name, observed_status(sources, worker, now)) for name, worker in each.items()
        ),
        SERVICE_WORKER_HEARTBEAT.family((name, worker.heartbeat) for name, worker in each.items()),
        SERVICE_WORKER_JOBS.family((name, worker.jobs) for name, worker in each.items()),
        SERVICE_WORKER_INFO.family(
            (name, worker.kind, GPU[worker.gpu], 1.0) for name, worker in each.items()
        ),
    )


def observed_status(sources: Sources, worker: ServiceWorker, now: float) -> str:
    """The worker by its heartbeat, which the existing edge worker sends more rarely than ours do."""
    settings = sources.settings
    is_edge = worker.kind == "edge"
    timeout = settings.ingestion.heartbeat_timeout if is_edge else settings.service.heartbeat_timeout
    return worker.status(now, timeout)


WINDOW = Gauge(
    "ops_ingestion_service_history_jobs",
    "Jobs among the newest hundred finished ones of the service, by how they ended.",
    ("state",),
)
DURATION = Summary(
    "ops_ingestion_service_history_duration_seconds",
    "Durations of those of them that ran: quantiles of that window, not of all time.",
)
LAST = Gauge(
    "ops_ingestion_service_last_job_timestamp_seconds",
    "Unix time at which the newest of them in this state ended.",
    ("state",),
)
FINISHED = Counter(
    "ops_ingestion_service_jobs_ended_total",
    "Jobs of the service seen to end since the exporter first read its history.",
    ("state",),
)
FILES = Counter(
    "ops_ingestion_service_files_processed_total", "Files in the jobs of the service seen to end."
)
EMBEDDINGS = Counter(
    "ops_ingestion_service_embeddings_generated_total",
    "Embeddings made by the jobs of the service seen to end.",
)
SECONDS = Histogram(
    "ops_ingestion_service_job_duration_seconds", "Durations of the jobs of the service seen to end."
)
SERVICE_HISTORY_METRICS = JobHistoryMetrics(WINDOW, DURATION, LAST, FINISHED, FILES, EMBEDDINGS, SECONDS)


async def read_service_history(sources: Sources) -> Iterable[Metric]:
    """The window that the service's history gives, and counters made of it."""
    return SERVICE_HISTORY_METRICS.families(await sources.service.history.get(), END_STATES)
