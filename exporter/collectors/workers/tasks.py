"""The tasks, by the events that workers and clients send."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Counter, Histogram, Spread
from exporter.sources import Sources
from exporter.sources.broker.newborn import ZeroInitializer
from exporter.sources.broker.task_counters import TaskCounts

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
    """The counts so far, each at 0 first; none while no events arrive, since old counts look like quiet."""
    broker = sources.broker
    tallies, newborn = broker.listening().tasks.tallies, broker.newborn
    known = tallies.all()
    return (
        *(counter.of(rows(newborn, known, field)) for counter, field in COUNTS),
        FAILED.of((*labels, newborn.value(("failed", *labels), n)) for *labels, n in tallies.failures()),
        RUNTIME.of(spreads(newborn, known, "runtime")),
        WAIT.of(spreads(newborn, known, "wait")),
    )


def rows(
    newborn: ZeroInitializer, tallies: Iterable[TaskCounts], field: str
) -> Iterable[tuple[str, str, float]]:
    """One count of every tally."""
    for tally in tallies:
        count = newborn.value((field, tally.name, tally.queue), getattr(tally, field))
        yield tally.name, tally.queue, count


def spreads(
    newborn: ZeroInitializer, tallies: Iterable[TaskCounts], field: str
) -> Iterable[tuple[tuple[str, str], Spread]]:
    """One histogram of every tally that has any values."""
    for tally in tallies:
        spread = getattr(tally, field).spread()
        if spread is not None:
            yield (tally.name, tally.queue), newborn.spread((field, tally.name, tally.queue), spread)
