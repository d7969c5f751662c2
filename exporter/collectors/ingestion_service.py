"""Our own ingestion service: its health, jobs, workers and history."""

import time
from collections.abc import Iterable

from prometheus_client import Metric

from exporter.cardinality import sanitize_label
from exporter.collectors.ingestion_history import JobHistoryMetrics
from exporter.metrics import Counter, Gauge, Histogram, Info, StateGauge, Summary
from exporter.sources import Sources
from exporter.sources.ingestion.models import IngestionHealth
from exporter.sources.ingestion_service import END_STATES, WORKER_STATES, ServiceWorker

SERVICE_UP = Gauge(
    "ops_ingestion_service_up",
    "Whether our own ingestion service responded to the last poll of its health.",
)
SERVICE_REPORTED_HEALTH = StateGauge(
    "ops_ingestion_service_reported_health",
    "Health of the ingestion service and of the services it needs, as it reports them.",
    ("service", "status"),
)
SERVICE_JOBS = Gauge(
    "ops_ingestion_service_jobs",
    "Ingestion jobs in the service's database, by state, including finished ones.",
    ("state",),
)
SERVICE_QUEUE_CAPACITY = Gauge(
    "ops_ingestion_service_queue_capacity", "Queue length from which the service rejects jobs."
)
SERVICE_HEALTH_METRICS = (SERVICE_UP, SERVICE_REPORTED_HEALTH)
SERVICE_JOBS_METRICS = (SERVICE_JOBS, SERVICE_QUEUE_CAPACITY)
MAX_SERVICES = 8  # more indicate an invalid response


async def read_service_health(sources: Sources) -> Iterable[Metric]:
    """1 or 0; while it responds, also its status as service `ingestion`, and each service it needs."""
    if not await sources.service.health.is_responding():
        return (SERVICE_UP.single(0.0),)
    rows = health_rows(sources, await sources.service.health.get())
    return SERVICE_UP.single(1.0), SERVICE_REPORTED_HEALTH.state_family(rows)


def health_rows(sources: Sources, report: IngestionHealth) -> list[tuple[str, str]]:
    """The status of ingestion itself as service `ingestion`, then of each service it needs."""
    length = sources.settings.limits.label_length
    services = sorted((sanitize_label(name, length), status) for name, status in report.services.items())
    return [("ingestion", report.status), *services[:MAX_SERVICES]]


async def read_service_jobs(sources: Sources) -> Iterable[Metric]:
    """The counts of its queue route."""
    found = await sources.service.queue.get()
    return SERVICE_JOBS.family(found.jobs.items()), SERVICE_QUEUE_CAPACITY.single(found.capacity)


SERVICE_STATE = StateGauge(
    "ops_ingestion_service_reported_state",
    "State of the service's workers, as it reports one for all of them.",
    ("state",),
    states=WORKER_STATES,
)
SERVICE_WORKER_REPORTED = StateGauge(
    "ops_ingestion_service_worker_reported_status",
    "Status of the worker as the service reports it; offline is down.",
    ("worker", "status"),
)
SERVICE_WORKER_STATUS = StateGauge(
    "ops_ingestion_service_worker_status",
    "Status of the worker by the age of its heartbeat on our clock; unknown without a heartbeat.",
    ("worker", "status"),
)
SERVICE_WORKER_HEARTBEAT = Gauge(
    "ops_ingestion_service_worker_heartbeat_timestamp_seconds",
    "Unix time of the worker's last heartbeat, as the service reports it.",
    ("worker",),
)
SERVICE_WORKER_JOBS = Gauge(
    "ops_ingestion_service_worker_jobs", "Jobs that the worker is running.", ("worker",)
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
    """The workers with the latest heartbeats, up to the limit of the settings."""
    report, now = await sources.service.workers.get(), time.time()
    length = sources.settings.limits.label_length
    newest = sorted(report.each, key=lambda worker: -(worker.heartbeat or 0.0))
    each = {sanitize_label(w.name, length): w for w in reversed(newest[: sources.settings.service.workers])}
    return (
        SERVICE_STATE.state_family([(report.state,)]),
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
    """The status by heartbeat. The existing edge worker sends it less often than ours do."""
    settings = sources.settings
    is_edge = worker.kind == "edge"
    timeout = settings.ingestion.heartbeat_timeout if is_edge else settings.service.heartbeat_timeout
    return worker.status(now, timeout)


WINDOW = Gauge(
    "ops_ingestion_service_history_jobs",
    "The service's last hundred finished jobs, by final state.",
    ("state",),
)
DURATION = Summary(
    "ops_ingestion_service_history_duration_seconds",
    "Durations of the service's recent jobs that ran; quantiles of this window only.",
)
LAST = Gauge(
    "ops_ingestion_service_last_job_timestamp_seconds",
    "Unix time at which the service's latest job with this final state ended.",
    ("state",),
)
FINISHED = Counter(
    "ops_ingestion_service_jobs_ended_total",
    "Jobs of the service that finished since the exporter first read its history.",
    ("state",),
)
FILES = Counter(
    "ops_ingestion_service_files_processed_total", "Files processed by finished jobs of the service."
)
EMBEDDINGS = Counter(
    "ops_ingestion_service_embeddings_generated_total",
    "Embeddings generated by finished jobs of the service.",
)
SECONDS = Histogram(
    "ops_ingestion_service_job_duration_seconds", "Durations of finished jobs of the service."
)
SERVICE_HISTORY_METRICS = JobHistoryMetrics(WINDOW, DURATION, LAST, FINISHED, FILES, EMBEDDINGS, SECONDS)


async def read_service_history(sources: Sources) -> Iterable[Metric]:
    """The service's recent jobs, and counters derived from them."""
    return SERVICE_HISTORY_METRICS.families(await sources.service.history.get(), END_STATES)
