"""The tasks, by the events that workers and clients send."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Counter, Histogram
from exporter.sources import Sources
from exporter.sources.broker.tallies import Tally

BY = ("name", "queue_name")
EXPLAINED = " by events since the exporter's start; queue unknown where clients send no task-sent events."
SENT = Counter("celery_task_sent_total", "Tasks sent," + EXPLAINED, BY)
RECEIVED = Counter("celery_task_received_total", "Tasks that a worker took from the queue," + EXPLAINED, BY)
STARTED = Counter("celery_task_started_total", "Tasks started," + EXPLAINED, BY)
SUCCEEDED = Counter("celery_task_succeeded_total", "Tasks that succeeded," + EXPLAINED, BY)
FAILED = Counter(
    "celery_task_failed_total",
    "Tasks that failed, by the class of the exception," + EXPLAINED,
    (*BY, "exception"),
)
REJECTED = Counter("celery_task_rejected_total", "Tasks that a worker rejected," + EXPLAINED, BY)
REVOKED = Counter("celery_task_revoked_total", "Tasks revoked or expired," + EXPLAINED, BY)
RETRIED = Counter("celery_task_retried_total", "Runs of tasks that ended in a retry," + EXPLAINED, BY)
RUNTIME = Histogram("celery_task_runtime", "Seconds that successful tasks ran.", BY)
WAIT = Histogram(
    "celery_task_queue_wait_time",
    "Seconds from when a task was due - sent, or the end of its countdown or retry pause - to its start.",
    BY,
)
COUNTS = (
    (SENT, "sent"),
    (RECEIVED, "received"),
    (STARTED, "started"),
    (SUCCEEDED, "succeeded"),
    (REJECTED, "rejected"),
    (REVOKED, "revoked"),
    (RETRIED, "retried"),
)
METRICS = (*(counter for counter, _ in COUNTS), FAILED, RUNTIME, WAIT)


async def read(sources: Sources) -> Iterable[Metric]:
    """The counts so far; nothing while events do not arrive, since old counts would look like quiet."""
    tallies = sources.broker.listening().tasks.tallies
    known = tallies.all()
    return (
        *(counter.of(rows(known, field)) for counter, field in COUNTS),
        FAILED.of(tallies.failures()),
        RUNTIME.of(((t.name, t.queue), spread) for t in known if (spread := t.runtime.spread())),
        WAIT.of(((t.name, t.queue), spread) for t in known if (spread := t.wait.spread())),
    )


def rows(tallies: Iterable[Tally], field: str) -> Iterable[tuple[str, str, int]]:
    """One count of every tally."""
    return ((tally.name, tally.queue, getattr(tally, field)) for tally in tallies)
