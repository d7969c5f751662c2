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
    "State that the worker last wrote; nothing rewrites it when the worker dies.",
    ("worker", "state"),
    states=WORKER_STATES,
)
STATUS = StateGauge(
    "ops_ingestion_worker_status",
    "What is observed of the worker: down when its last heartbeat is old, unknown when there never was one.",
    ("worker", "status"),
)
UP = Gauge(
    "ops_ingestion_worker_up",
    "Whether the worker's last heartbeat is recent; none where no heartbeat was ever seen.",
    ("worker",),
)
HEARTBEAT = Gauge(
    "ops_ingestion_worker_heartbeat_timestamp_seconds",
    "Unix time of the worker's last heartbeat.",
    ("worker",),
)
INFO = Info(
    "ops_ingestion_worker_info",
    "Version and embedding model that the worker says it runs.",
    ("worker", "version", "embedding_model"),
)
DRAINED = Counter(
    "ops_ingestion_worker_drained_total", "Items that the worker says it took from its queue.", ("worker",)
)
WORKER_METRICS = (REPORTED, STATUS, UP, HEARTBEAT, INFO, DRAINED)


async def read_worker(sources: Sources) -> Iterable[Metric]:
    """The edge worker, from Redis where that is known to hold its keys, else from the backend's API."""
    seen, now = await read_edge_worker(sources), time.time()
    timeout = sources.settings.ingestion.heartbeat_timeout
    up = seen.up(now, timeout)
    return (
        REPORTED.state_family([(seen.name, seen.state)]),
        STATUS.state_family([(seen.name, seen.status(now, timeout))]),
        UP.single(None if up is None else float(up), seen.name),
        HEARTBEAT.single(seen.last_seen, seen.name),
        INFO.family(worker_info(seen, sources.settings.limits.label_length)),
        DRAINED.single(seen.drained, seen.name),
    )


def worker_info(seen: EdgeWorker, length: int) -> Iterable[tuple[str, str, str, float]]:
    """The row of what the worker says it runs, none where it says nothing."""
    version, model = seen.version or "", seen.embedding_model or ""
    if version or model:
        yield seen.name, sanitize_label(version, length), sanitize_label(model, length), 1.0


async def read_edge_worker(sources: Sources) -> EdgeWorker:
    """What is known of the edge worker. Raises SourceError when whoever knows cannot be asked."""
    try:
        seen = await sources.ingestion.worker.get()
    except NotConfigured:
        return await read_reported_worker(sources)
    # a broker that never held the worker's keys is not where they live
    return seen if sources.ingestion.is_here or not seen.silent else await read_reported_worker(sources)


async def read_reported_worker(sources: Sources) -> EdgeWorker:
    """The worker as the backend's routes tell it; the older backend has no route for the heartbeat."""
    says = (await sources.backend.worker_status.get()).text("status")
    try:
        beat = await sources.backend.worker_health.get()
    except RouteNotFound:
        return parse_edge_worker(says, None, None)
    return parse_edge_worker(says, beat.number("last_seen_unix"), beat.object("worker_meta"))


CLOUD_METRICS = (STATUS, UP)
CLOUD = "cloud"


async def read_cloud(sources: Sources) -> Iterable[Metric]:
    """Up while a worker takes from the queue, down while none does, unknown while nobody could be asked."""
    name = sources.settings.ingestion.cloud_queue
    queues = (await sources.broker.snapshot()).queues or ()
    takers = next((queue.consumers for queue in queues if queue.name == name), None)
    if takers is None:
        return (STATUS.state_family([(CLOUD, "unknown")]),)
    return STATUS.state_family([(CLOUD, "healthy" if takers else "down")]), UP.single(
        float(takers > 0), CLOUD
    )
