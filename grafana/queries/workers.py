"""Celery: workers by heartbeat, queues, waiting and running times, outcomes, failures."""

from grafana.grafana_json import Query, query
from grafana.queries.series import (
    INSTANCE,
    age,
    counted_of,
    leading,
    least,
    mean_rate,
    moment,
    most,
    own,
    per,
    quantile,
    rate,
    recorded,
    severity,
    short,
    state,
    total,
)
from prometheus.panel_rules import FAILURES, TASK_BUCKETS

QUEUES = 'queue_name=~"$queue_name"'
OUTCOMES = ("succeeded", "failed", "retried", "rejected", "revoked")


def broker() -> Query:
    """Whether the broker answers our own PING."""
    return query(least(own("ops_broker_up")), "broker")


def up() -> Query:
    """Workers whose heartbeat is recent."""
    return query(least(own("ops_workers_up")), "observed")


def reported() -> Query:
    """Workers that the backend says there are."""
    return query(most(own("ops_workers_reported_workers")), "reported")


def reported_state() -> Query:
    """The backend's own word on its workers."""
    return query(state("ops_workers_reported_status"), "reported")


def stream() -> Query:
    """Whether events of the workers reach the exporter."""
    return query(least(own("ops_event_stream_connected")), "events")


def waiting() -> Query:
    """Messages that wait in each queue."""
    return query(most(own("celery_queue_length", QUEUES), "queue_name"), "{{queue_name}}")


def waiting_in_all() -> Query:
    """Messages that wait in all queues."""
    return query(total(recorded("ops:celery_queue_length:sum")), "waiting")


def held() -> Query:
    """Messages that workers hold."""
    return query(most(own("ops_queue_unacked_messages")), "held by workers")


def oldest() -> Query:
    """How long the oldest message of each queue has waited."""
    return query(most(own("ops_queue_oldest_message_age_seconds", QUEUES), "queue_name"), "{{queue_name}}")


def oldest_of_all() -> Query:
    """How long the oldest message has waited."""
    return query(most(own("ops_queue_oldest_message_age_seconds")), "oldest")


def unconsumed() -> Query:
    """Queues that hold messages which nobody takes."""
    return query(total(most(own("ops_queue_unconsumed"), "queue_name")), "queues without a worker")


def queue(metric: str) -> Query:
    """A fact of each queue, in rows."""
    return query(most(own(metric, QUEUES), "queue_name"), rows=True)


def worker(metric: str) -> Query:
    """A fact of each worker, in rows."""
    return query(most(own(metric), "hostname"), rows=True)


def heartbeats() -> Query:
    """When each worker was last heard of."""
    seen = most(own("celery_worker_last_heartbeat_timestamp_seconds"), "hostname")
    return query(moment(seen), rows=True)


def wait() -> Query:
    """95th percentile of the time that tasks wait for a worker, by queue: the signal, which is recorded."""
    return query(f'max by (queue_name) (ops:signal{{signal="queue_wait",{QUEUES}}})', "{{queue_name}}")


def outcome(kind: str) -> Query:
    """Tasks a second that ended so."""
    return query(ended(kind), kind)


def ended(kind: str) -> str:
    """Tasks a second that ended so, from the recorded rate."""
    return mean_rate(f'outcome:celery_tasks:rate5m{{{INSTANCE},outcome="{kind}"}}')


def task(kind: str) -> Query:
    """Tasks of each name that ended so over the range, in rows."""
    return query(tasks_that(kind), rows=True)


def tasks_that(kind: str) -> str:
    """Tasks of each name that ended so over the range; failures are recorded, since they have many series."""
    if kind == "failed":
        return counted_of(recorded(FAILURES), "name")
    return total(f"increase({own(f'celery_task_{kind}_total')}[$__range])", "name")


def task_runtime() -> Query:
    """95th percentile of the running time of each task over the range, in rows."""
    buckets = f"sum_over_time({recorded(TASK_BUCKETS)}[$__range])"
    return query(quantile(0.95, buckets, "name"), rows=True)


def failure_ratio() -> Query:
    """Share of the tasks that fail."""
    failed, fine = ended("failed"), ended("succeeded")
    return query(per(failed, f"({failed} + ({fine} or 0 * {failed}))"), "failed")


def exceptions() -> Query:
    """Failures over the range by task and class of exception, in rows."""
    failed = counted_of(recorded(FAILURES), "name", "queue_name", "exception")
    return query(f"{failed} > 0", rows=True)


def results() -> Query:
    """Stored results by what became of the task: a second witness."""
    return query(most(own("ops_task_results"), "status"), "{{status}}")


def last_event() -> Query:
    """How long ago the last event of a task arrived."""
    return query(age(most(own("celery_last_task_event_timestamp_seconds"))), "last event")


def lost(kind: str) -> Query:
    """Events a second that were missed or not understood."""
    return query(total(rate(f"ops_events_{kind}_total")), kind)


def cuts() -> Query:
    """Subscriptions a second that the broker ended."""
    return query(total(rate("ops_event_stream_cuts_total")), "cut")


def queue_levels() -> Query:
    """The same of each queue, in rows."""
    return query(
        severity("worker_queue_length", "queue_oldest_message", by=["queue_name"], matchers=[QUEUES])
    )


def slowest_tasks() -> Query:
    """The recorded 95th percentile of the time that tasks run, the five slowest of the range."""
    recorded = "task:celery_task_runtime_seconds:p95_5m"
    ranked = most(f"max_over_time({recorded}[$__range] @ end())", "name")
    return query(short(leading(5, "name", most(recorded, "name"), ranked), "task", "name"), "{{task}}")


def task_rows(kind: str) -> Query:
    """Tasks of each short name that ended so over the range."""
    return query(short(tasks_that(kind), "task", "name"))


def task_percentiles() -> Query:
    """95th percentile of the running time of each task over the range."""
    return query(short(str(task_runtime().expr), "task", "name"))


def failures() -> Query:
    """Failures over the range by task, queue and class of exception."""
    return query(short(str(exceptions().expr), "task", "name"))
