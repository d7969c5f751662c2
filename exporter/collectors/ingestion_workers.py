"""The ingestion workers: the edge worker's report and heartbeat, and the cloud workers."""

import time
from collections.abc import Iterable

from prometheus_client import Metric

from exporter.cardinality import sanitize_label
from exporter.errors import NotConfigured, RouteNotFound
from exporter.metrics import Counter, Gauge, Info, StateGauge
from exporter.sources import Sources
from exporter.sources.ingestion.models import WORKER_STATES, EdgeWorker
from exporter.sources.ingestion.parsing import parse_edge_worker

REPORTED = StateGauge(
    "ops_ingestion_worker_reported_state",
    "State that the worker last wrote. It stays when the worker dies.",
    ("worker", "state"),
    states=WORKER_STATES,
)
STATUS = StateGauge(
    "ops_ingestion_worker_status",
    "Observed status of the worker: down when its last heartbeat is old, unknown without any.",
    ("worker", "status"),
)
UP = Gauge(
    "ops_ingestion_worker_up",
    "Whether the worker's last heartbeat is recent; absent without any.",
    ("worker",),
)
HEARTBEAT = Gauge(
    "ops_ingestion_worker_heartbeat_timestamp_seconds",
    "Unix time of the worker's last heartbeat.",
    ("worker",),
)
INFO = Info(
    "ops_ingestion_worker_info",
    "Version and embedding model that the worker reports.",
    ("worker", "version", "embedding_model"),
)
DRAINED = Counter(
    "ops_ingestion_worker_drained_total",
    "Items that the worker took from its queue, as it reports them.",
    ("worker",),
)
WORKER_METRICS = (REPORTED, STATUS, UP, HEARTBEAT, INFO, DRAINED)


async def read_worker(sources: Sources) -> Iterable[Metric]:
    """The edge worker, from Redis if its keys are there, else from the backend's API."""
    worker, now = await read_edge_worker(sources), time.time()
    timeout = sources.settings.ingestion.heartbeat_timeout
    up = worker.is_alive(now, timeout)
    return (
        REPORTED.state_family([(worker.name, worker.state)]),
        STATUS.state_family([(worker.name, worker.status(now, timeout))]),
        UP.single(None if up is None else float(up), worker.name),
        HEARTBEAT.single(worker.last_seen, worker.name),
        INFO.family(worker_info(worker, sources.settings.limits.label_length)),
        DRAINED.single(worker.drained, worker.name),
    )


def worker_info(worker: EdgeWorker, length: int) -> Iterable[tuple[str, str, str, float]]:
    """The row of the reported version and model; none if the worker reports neither."""
    version, model = worker.version or "", worker.embedding_model or ""
    if version or model:
        yield worker.name, sanitize_label(version, length), sanitize_label(model, length), 1.0


async def read_edge_worker(sources: Sources) -> EdgeWorker:
    """The edge worker. Raises SourceError when neither source responds."""
    try:
        worker = await sources.ingestion.worker.get()
    except NotConfigured:
        return await read_reported_worker(sources)
    # a broker that never held the worker's keys is not where they live
    return (
        worker
        if sources.ingestion.is_present or not worker.is_silent
        else await read_reported_worker(sources)
    )


async def read_reported_worker(sources: Sources) -> EdgeWorker:
    """The worker from the backend's routes. The older backend has no route for the heartbeat."""
    state = (await sources.backend.worker_status.get()).text("status")
    try:
        heartbeat = await sources.backend.worker_health.get()
    except RouteNotFound:
        return parse_edge_worker(state, None, None)
    return parse_edge_worker(state, heartbeat.number("last_seen_unix"), heartbeat.object("worker_meta"))


CLOUD_METRICS = (STATUS, UP)
CLOUD = "cloud"


async def read_cloud(sources: Sources) -> Iterable[Metric]:
    """Up while a worker consumes the queue, down while none does, unknown without an inspection."""
    name = sources.settings.ingestion.cloud_queue
    queues = (await sources.broker.snapshot()).queues or ()
    takers = next((queue.consumers for queue in queues if queue.name == name), None)
    if takers is None:
        return (STATUS.state_family([(CLOUD, "unknown")]),)
    return STATUS.state_family([(CLOUD, "healthy" if takers else "down")]), UP.single(
        float(takers > 0), CLOUD
    )
