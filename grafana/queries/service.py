"""Our own service as the exporter sees it: health, workers with their heartbeats, embedding runs."""

from grafana.grafana_json import Query, query
from grafana.queries.series import age, moment, most, own, per, state

RUN = "ops_sparse_embeddings_run"
LAST_RUN = ("complete", "failed", "skipped", "cancelled", "unknown")


def health() -> Query:
    """What the service says of itself and of what it needs."""
    return query(state("ops_ingestion_service_reported_health", "service"), "{{service}}")


def worker_facts() -> Query:
    """Each worker with its kind and whether it has a GPU, in rows."""
    return query(most(own("ops_ingestion_service_worker_info"), "worker", "kind", "gpu"), rows=True)


def worker_seen() -> Query:
    """Each worker by its heartbeat, as a number, in rows."""
    return query(state("ops_ingestion_service_worker_status", "worker"), rows=True)


def worker_said() -> Query:
    """Each worker as the service tells it, as a number, in rows."""
    return query(state("ops_ingestion_service_worker_reported_status", "worker"), rows=True)


def worker_heard() -> Query:
    """When each worker was last heard of, in rows."""
    heard = most(own("ops_ingestion_service_worker_heartbeat_timestamp_seconds"), "worker")
    return query(moment(heard), rows=True)


def worker_jobs() -> Query:
    """Jobs that each worker has in hand, in rows."""
    return query(most(own("ops_ingestion_service_worker_jobs"), "worker"), rows=True)


def run_progress() -> Query:
    """Share of the active generation that is done."""
    done, every = (most(own(f"{RUN}_{name}")) for name in ("resources_done", "resources"))
    return query(per(done, every), "done")


def run_remaining() -> Query:
    """Time that the active generation still needs."""
    return query(most(own(f"{RUN}_remaining_seconds")), "left")


def last_run() -> Query:
    """How the newest generation ended, as its place in LAST_RUN."""
    name = "ops_sparse_embeddings_last_run_state"
    parts = (f"{place} * {own(name, state=word)}" for place, word in enumerate(LAST_RUN))
    return query(most(" or ".join(parts)), "last run")


def last_success() -> Query:
    """How long ago a generation last succeeded."""
    return query(age(most(own("ops_sparse_embeddings_last_success_timestamp_seconds"))), "last success")


def last_duration() -> Query:
    """How long that one took."""
    return query(most(own("ops_sparse_embeddings_last_success_duration_seconds")), "took")


def counted(kind: str) -> Query:
    """Resources with or without a vector in the table that the service writes to."""
    return query(most(own("ops_sparse_embeddings_service_resources", state=kind)), kind)


def parts() -> Query:
    """What the service says of itself and of what it needs, in rows."""
    return query(state("ops_ingestion_service_reported_health", "service"))
