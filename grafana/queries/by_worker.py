"""Celery worker by worker, step by step, and as results and the backend tell it."""

from grafana.grafana_json import Query, query
from grafana.queries.series import age, least, most, own, per, rate, short, total

HOST = "{{hostname}}"


def worker(metric: str) -> Query:
    """A number of each worker."""
    return query(most(own(metric), "hostname"), HOST)


def use() -> Query:
    """Share of each worker's processes that run a task."""
    running, processes = (
        most(own(metric), "hostname")
        for metric in ("celery_worker_tasks_active", "ops_worker_pool_processes")
    )
    return query(per(running, processes), HOST)


def ended() -> Query:
    """Tasks a second that each worker has ended well; only where tasks are told apart by worker."""
    return query(total(rate("celery_task_succeeded_total", 'hostname!=""'), "hostname"), HOST)


def failed() -> Query:
    """Tasks a second that failed in each worker; only where tasks are told apart by worker."""
    return query(total(rate("celery_task_failed_total", 'hostname!=""'), "hostname"), HOST)


def queue_workers() -> Query:
    """Workers that report to consume each queue."""
    return query(most(own("celery_active_worker_count"), "queue_name"), "{{queue_name}}")


def step(kind: str) -> Query:
    """Tasks a second that were sent, received or started."""
    return query(total(rate(f"celery_task_{kind}_total")), kind)


def held_for() -> Query:
    """How long a worker has held the oldest message."""
    return query(age(most(own("ops_queue_unacked_oldest_timestamp_seconds"))), "oldest")


def still_for() -> Query:
    """How long ago the messages that workers hold last changed."""
    return query(age(most(own("ops_queue_unacked_change_timestamp_seconds"))), "unchanged")


def unnamed() -> Query:
    """Queues beyond the limit of those with a name."""
    return query(most(own("ops_queues_unnamed")), "unnamed")


def stalled() -> Query:
    """Workers that hold tasks and start none."""
    return query(most(own("ops_workers_stalled")), "stalled")


def results(kind: str) -> Query:
    """Results that are stored, or were read of them."""
    return query(most(own(f"ops_task_results_{kind}")), kind)


def complete() -> Query:
    """Whether the last scan of the results was complete."""
    return query(least(own("ops_task_results_complete")), "complete")


def failed_results() -> Query:
    """Stored results of failed tasks, in rows."""
    failed = most(own("ops_task_results_failed"), "name", "exception")
    return query(short(f"{failed} > 0", "task", "name"), rows=True)


def reported(kind: str) -> Query:
    """Tasks that the backend says are running or scheduled."""
    return query(most(own(f"ops_workers_reported_{kind}_tasks")), kind)


def reported_processes() -> Query:
    """Processes of all workers, as the backend says."""
    return query(total(most(own("ops_workers_reported_pool_processes"), "hostname")), "processes")


def reported_accepted() -> Query:
    """Tasks that workers have accepted, as the backend last said: a rate would hold hours in a minute."""
    return query(total(own("ops_workers_reported_accepted_total")), "accepted")
