"""The workers of our own ingestion service: what it says of each, and what their heartbeats say."""

import time
from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import label
from exporter.metrics import Gauge, Info, States
from exporter.sources import Sources
from exporter.sources.service.answers import WORKER_STATES, Worker

SERVICE_STATE = States(
    "ops_ingestion_service_reported_state",
    "What the workers of the service do, in its one word for all of them.",
    ("state",),
    states=WORKER_STATES,
)
SERVICE_WORKER_REPORTED = States(
    "ops_ingestion_service_worker_reported_status",
    "Status of the worker as the service tells it: offline is down.",
    ("worker", "status"),
)
SERVICE_WORKER_STATUS = States(
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
    said, now = await sources.service.workers.answer(), time.time()
    length = sources.settings.limits.label_length
    newest = sorted(said.each, key=lambda worker: -(worker.heartbeat or 0.0))
    each = {label(w.name, length): w for w in reversed(newest[: sources.settings.service.workers])}
    return (
        SERVICE_STATE.of_states([(said.state,)]),
        SERVICE_WORKER_REPORTED.of_states((name, worker.reported) for name, worker in each.items()),
        SERVICE_WORKER_STATUS.of_states(
            (name, observed_status(sources, worker, now)) for name, worker in each.items()
        ),
        SERVICE_WORKER_HEARTBEAT.of((name, worker.heartbeat) for name, worker in each.items()),
        SERVICE_WORKER_JOBS.of((name, worker.jobs) for name, worker in each.items()),
        SERVICE_WORKER_INFO.of((name, worker.kind, GPU[worker.gpu], 1.0) for name, worker in each.items()),
    )


def observed_status(sources: Sources, worker: Worker, now: float) -> str:
    """The worker by its heartbeat, which the existing edge worker sends more rarely than ours do."""
    settings = sources.settings
    is_edge = worker.kind == "edge"
    timeout = settings.ingestion.heartbeat_timeout if is_edge else settings.service.heartbeat_timeout
    return worker.status(now, timeout)
