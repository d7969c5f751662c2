"""Ingestion and sparse embeddings: queues, jobs, workers, coverage; and the service that does them."""

from grafana.grafana_json import Query, query
from grafana.queries.series import (
    age,
    least,
    moment,
    most,
    own,
    per,
    quantile,
    rate,
    severity,
    signal,
    state,
    total,
)

# what the service says on a page of its own
SERVICE = 'job="service"'


def up() -> Query:
    """Whether the server with the ingestion queue answers."""
    return query(least(own("ops_ingestion_redis_up")), "queue server")


def waiting() -> Query:
    """Items that wait, by queue."""
    return query(most(own("ops_ingestion_queue_length"), "queue"), "{{queue}}")


def waiting_most() -> Query:
    """Jobs that wait in the fullest ingestion queue."""
    return query(most(own("ops_ingestion_queue_length")))


def waiting_since() -> Query:
    """How long the oldest waiting item of each queue has waited."""
    oldest = least(own("ops_ingestion_queue_oldest_timestamp_seconds"), "queue")
    return query(age(oldest), "{{queue}}")


def dead_letters() -> Query:
    """Items that were given up."""
    return query(most(own("ops_ingestion_dead_letters")), "given up")


def remembered() -> Query:
    """Jobs that the backend remembers, by how they ended."""
    return query(most(own("ops_ingestion_history_jobs"), "state"), "{{state}}")


def tracked() -> Query:
    """Jobs in the backend's own table, by state."""
    return query(most(own("ops_ingestion_tracked_jobs"), "state"), "{{state}}")


def ended() -> Query:
    """Jobs seen to end an hour, by how they ended."""
    return query(f"3600 * {total(rate('ops_ingestion_jobs_total'), 'state')}", "{{state}}")


def failure_ratio() -> Query:
    """Share of the jobs of half an hour that failed."""
    jobs = own("ops_ingestion_jobs_total")
    failed = own("ops_ingestion_jobs_total", 'state="failed"')
    return query(per(total(f"increase({failed}[30m])"), total(f"increase({jobs}[30m])")), "failed")


def duration(share: float) -> Query:
    """A quantile of the durations of jobs seen to end."""
    return query(quantile(share, rate("ops_ingestion_job_duration_seconds_bucket")), f"p{share * 100:g}")


def remembered_duration() -> Query:
    """Quantiles of the remembered jobs."""
    return query(most(own("ops_ingestion_history_duration_seconds"), "quantile"), "remembered {{quantile}}")


def last_job() -> Query:
    """When the newest job of each state ended, in rows."""
    return query(moment(most(own("ops_ingestion_last_job_timestamp_seconds"), "state")), rows=True)


def last_number() -> Query:
    """Remembered jobs of each state, in rows."""
    return query(most(own("ops_ingestion_history_jobs"), "state"), rows=True)


def made(kind: str) -> Query:
    """Files or embeddings an hour."""
    metric = {"files": "files_processed", "embeddings": "embeddings_generated"}[kind]
    return query(f"3600 * {total(rate(f'ops_ingestion_{metric}_total'))}", kind)


def worker_states() -> Query:
    """What is observed of each worker, as a number, in rows."""
    return query(state("ops_ingestion_worker_status", "worker"), rows=True)


def worker_course() -> Query:
    """What was observed of each worker over time."""
    return query(state("ops_ingestion_worker_status", "worker"), "{{worker}}")


def worker_reported() -> Query:
    """What each worker last wrote of itself, as a number, in rows."""
    words = ("idle", "training", "error", "offline", "unknown")
    parts = (
        f"{place} * {own('ops_ingestion_worker_reported_state', state=word)}"
        for place, word in enumerate(words)
    )
    return query(most(" or ".join(parts), "worker"), rows=True)


def heartbeats() -> Query:
    """When each worker was last heard of, in rows."""
    seen = most(own("ops_ingestion_worker_heartbeat_timestamp_seconds"), "worker")
    return query(moment(seen), rows=True)


def drained() -> Query:
    """Items that each worker says it took, in rows."""
    return query(most(own("ops_ingestion_worker_drained_total"), "worker"), rows=True)


def silence() -> Query:
    """How long each worker has been silent."""
    seen = most(own("ops_ingestion_worker_heartbeat_timestamp_seconds"), "worker")
    return query(age(seen), "{{worker}}")


def resources() -> Query:
    """Resources by the state of their ingestion."""
    return query(most(own("ops_resources"), "ingestion_status"), "{{ingestion_status}}")


def reported() -> Query:
    """Health of ingestion and of what it needs, as the backend reports it."""
    return query(state("ops_ingestion_reported_health", "service"), "{{service}}")


def sparse(kind: str) -> Query:
    """Resources with a sparse embedding, without one, or with an empty one."""
    return query(most(own("ops_sparse_embeddings_resources", state=kind)), kind)


def coverage() -> Query:
    """Share of the resources that have a sparse embedding."""
    return signal("sparse_coverage", "covered")


def dense_missing() -> Query:
    """Resources without a dense embedding."""
    return query(most(own("ops_resources_without_embedding")), "without dense embedding")


def last_generation() -> Query:
    """How long ago the newest sparse embedding was made."""
    return query(age(most(own("ops_sparse_embeddings_last_generation_timestamp_seconds"))), "newest")


def by_model(metric: str) -> Query:
    """A fact of each named model, in rows."""
    return query(most(own(f"ops_sparse_embeddings_{metric}"), "model"), rows=True)


def service_up() -> Query:
    """Whether the service is scraped."""
    return query(f"min(up{{{SERVICE}}})", "service")


def service_jobs() -> Query:
    """Jobs of the service that are not ended."""
    return query(f"sum by (kind, state) (ops_service_jobs{{{SERVICE}}})", "{{kind}} {{state}}")


def service_ended() -> Query:
    """Jobs of the service that ended over the range, in rows."""
    ended = f"increase(ops_service_jobs_ended_total{{{SERVICE}}}[$__range])"
    return query(f"sum by (kind, state) ({ended})", rows=True)


def service_all() -> Query:
    """Jobs of the service that ended in all, in rows."""
    return query(f"sum by (kind, state) (ops_service_jobs_ended_total{{{SERVICE}}})", rows=True)


def service_duration() -> Query:
    """95th percentile of the time of a job of the service, by kind."""
    buckets = f"rate(ops_service_job_duration_seconds_bucket{{{SERVICE}}}[$__rate_interval])"
    return query(f"histogram_quantile(0.95, sum by (kind, le) ({buckets})) >= 0", "{{kind}}")


def service_oldest() -> Query:
    """Age of the service's job that waits longest."""
    return query(f"max(ops_service_oldest_waiting_seconds{{{SERVICE}}})", "longest wait")


def level() -> Query:
    """How grave the queue, its failures, what they need and the coverage are by the levels in force."""
    jobs = ("ingestion_queue", "ingestion_wait", "ingestion_failures", "ingestion_dead_letters")
    return query(severity(*jobs, "sparse_coverage", "ingestion_store", "edge_worker_heartbeat"))


def parts() -> Query:
    """What the backend's own route says of ingestion and what it needs, in rows."""
    return query(state("ops_ingestion_reported_health", "service"))
