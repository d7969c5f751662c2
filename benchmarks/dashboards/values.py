"""Values of labels, as many as a system of this kind has."""

from itertools import product

from demo.settings import MODULES, QUEUES

MANY = 60
WINDOWS = ("1d", "7d", "30d")
TASKS = tuple(f"app.tasks.celery_tasks.task_{n}" for n in range(12))
COLLECTORS = (
    "modules", "api", "database", "event_bus", "cache", "workers", "models", "engagement", "recommendations",
    "ingestion", "sparse_embeddings", "self_reports", "anomalies",
)  # fmt: skip
VALUES: dict[str, tuple[str, ...]] = {
    "module": MODULES,
    "code": ("2xx", "3xx", "4xx", "5xx"),
    "queue_name": (*QUEUES, "celery"),
    "name": TASKS,
    "exception": ("ValueError", "TimeoutError"),
    "collector": COLLECTORS,
    "component": ("api", "cache", "database", "event_bus", "ingestion", "models", "redis", "workers"),
    "cmd": tuple(f"cmd{n}" for n in range(30)),
    "table": tuple(f"table_{n}" for n in range(20)),
    "relname": tuple(f"table_{n}" for n in range(20)),
    "event": tuple(f"event.kind{n}" for n in range(30)),
    "method": tuple(f"app.method_{n}" for n in range(20)),
    "window": WINDOWS,
    "by": ("reported", "observed"),
    "quantile": ("0.5", "0.95", "0.99"),
    "model": ("ncf", "embedder", "classifier", "reranker"),
    "worker": ("edge", "cloud"),
    "service": ("database", "redis", "ingestion"),
    "object": ("resources", "annotations", "collections"),
    "interaction": ("view", "save", "rate", "share", "annotate"),
    "strategy": ("ncf", "content", "hybrid"),
    "queue": ("ingest_queue", "tasks"),
    "key": tuple(f"key:{n}" for n in range(10)),
    "key_group": tuple(f"group{n}" for n in range(20)),
    "datname": ("neo",),
    "user": ("neo",),
    "queryid": tuple(map(str, range(10))),
    "db": ("db0", "db2"),
    "handler": tuple(f"/route/{n}" for n in range(40)),
    "mode": ("accesssharelock", "exclusivelock", "rowexclusivelock"),
    "subject": ("database", "module search", "workers", *(f"module {name}" for name in MODULES[:9])),
    "ingestion_status": ("completed", "failed", "pending", "processing"),
    "hostname": ("neo@one", "neo@two"),
    "le": ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "+Inf"),
    "severity": ("warning", "critical"),
}
STATES = {
    "ops_sparse_embeddings_resources": ("with", "without", "empty"),
    "ops_sparse_embeddings_service_resources": ("with", "without"),
    "ops_ingestion_jobs_total": ("complete", "failed", "skipped"),
    "ops_ingestion_history_jobs": ("complete", "failed", "skipped"),
    "ops_ingestion_last_job_timestamp_seconds": ("complete", "failed", "skipped"),
    "ops_ingestion_tracked_jobs": ("pending", "processing", "completed", "failed"),
    "pg_stat_activity_count": ("active", "idle", "idle in transaction"),
    "pg_stat_activity_max_tx_duration": ("active", "idle in transaction"),
}
OTHERWISE = ("one",)
# what goes together, so that not everything stands beside everything
TOGETHER = (("name", "queue_name"), ("subject", "reported", "observed"))
SAID = {"reported": "healthy", "observed": "down"}


def combinations(metric: str, labels: tuple[str, ...]) -> list[dict[str, str]]:
    """Label values of the series of a metric, a bounded number of them."""
    free = [label for label in labels if label not in bound(labels)]
    rows = product(*(values(metric, label) for label in free))
    # the buckets of a histogram count as one
    many = MANY * (len(VALUES["le"]) if "le" in free else 1)
    found = [dict(zip(free, row, strict=True)) for _, row in zip(range(many), rows, strict=False)]
    return [{**it, **tied(it, labels, place)} for place, it in enumerate(found)]


def values(metric: str, label: str) -> tuple[str, ...]:
    """The values of one label."""
    if label == "state" and metric in STATES:
        return STATES[metric]
    return VALUES.get(label, OTHERWISE)


def bound(labels: tuple[str, ...]) -> set[str]:
    """Labels whose value follows from another's."""
    return {label for first, *rest in TOGETHER if first in labels for label in rest}


def tied(row: dict[str, str], labels: tuple[str, ...], place: int) -> dict[str, str]:
    """The values of the labels that follow from others."""
    queues = VALUES["queue_name"]
    return {
        label: SAID.get(label, queues[(place // 2) % len(queues)])
        for label in labels
        if label in bound(labels) and label not in row
    }
