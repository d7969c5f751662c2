"""Celery tasks: counts by their events, and the stored results."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.cardinality import OTHER, sanitize_label, top_n
from exporter.metrics import Counter, Gauge, Histogram, HistogramData, Row, sum_rows
from exporter.sources import Sources
from exporter.sources.broker.results import StoredResults
from exporter.sources.broker.task_counters import TaskCounts, ZeroInitializer

TASK_LABELS = ("name", "queue_name")
BY_EVENTS = " by events since the exporter's start. The queue is unknown if clients send no task-sent events."
SENT = Counter("celery_task_sent_total", "Tasks sent," + BY_EVENTS, TASK_LABELS)
RECEIVED = Counter("celery_task_received_total", "Tasks received by a worker," + BY_EVENTS, TASK_LABELS)
STARTED = Counter("celery_task_started_total", "Tasks started," + BY_EVENTS, TASK_LABELS)
SUCCEEDED = Counter("celery_task_succeeded_total", "Tasks succeeded," + BY_EVENTS, TASK_LABELS)
FAILED = Counter(
    "celery_task_failed_total",
    "Tasks failed, by exception class," + BY_EVENTS,
    (*TASK_LABELS, "exception"),
)
REJECTED = Counter("celery_task_rejected_total", "Tasks rejected by a worker," + BY_EVENTS, TASK_LABELS)
REVOKED = Counter("celery_task_revoked_total", "Tasks revoked or expired," + BY_EVENTS, TASK_LABELS)
RETRIED = Counter("celery_task_retried_total", "Task runs that ended in a retry," + BY_EVENTS, TASK_LABELS)
RUNTIME = Histogram("celery_task_runtime", "Runtime of successful tasks in seconds.", TASK_LABELS)
WAIT = Histogram(
    "celery_task_queue_wait_time",
    "Seconds from when a task was due (sent, or end of countdown or retry delay) to its start.",
    TASK_LABELS,
)
COUNTERS = (
    (SENT, "sent"),
    (RECEIVED, "received"),
    (STARTED, "started"),
    (SUCCEEDED, "succeeded"),
    (REJECTED, "rejected"),
    (REVOKED, "revoked"),
    (RETRIED, "retried"),
)
TASKS_METRICS = (*(counter for counter, _ in COUNTERS), FAILED, RUNTIME, WAIT)


async def read_tasks(sources: Sources) -> Iterable[Metric]:
    """The counts, each at 0 first. None while no events arrive: stale counts look like an idle system."""
    broker = sources.broker
    tallies, newborn = broker.connected_receiver().tasks.counters, broker.zero_initializer
    known = tallies.all()
    return (
        *(counter.family(count_rows(newborn, known, field)) for counter, field in COUNTERS),
        FAILED.family(
            (*labels, newborn.counter(("failed", *labels), n)) for *labels, n in tallies.failures()
        ),
        RUNTIME.family(histogram_rows(newborn, known, "runtime")),
        WAIT.family(histogram_rows(newborn, known, "wait")),
    )


def count_rows(
    newborn: ZeroInitializer, tallies: Iterable[TaskCounts], field: str
) -> Iterable[tuple[str, str, float]]:
    """One count of every tally."""
    for tally in tallies:
        count = newborn.counter((field, tally.name, tally.queue), getattr(tally, field))
        yield tally.name, tally.queue, count


def histogram_rows(
    newborn: ZeroInitializer, tallies: Iterable[TaskCounts], field: str
) -> Iterable[tuple[tuple[str, str], HistogramData]]:
    """One histogram of every tally that has any values."""
    for tally in tallies:
        spread = getattr(tally, field).build()
        if spread is not None:
            yield (tally.name, tally.queue), newborn.histogram((field, tally.name, tally.queue), spread)


RESULTS_AGE = " Counted every 30 s by default."
RESULTS_STORED = Gauge("ops_task_results_stored", "Results in the result backend." + RESULTS_AGE)
RESULTS_COMPLETE = Gauge(
    "ops_task_results_complete", "Whether the last scan of the result backend was complete."
)
RESULTS_READ = Gauge(
    "ops_task_results_read", "Stored results that were read; a sample if there are many." + RESULTS_AGE
)
RESULTS_BY_STATUS = Gauge(
    "ops_task_results",
    "Results read, by state of the task (SUCCESS, FAILURE, RETRY, ...).",
    ("status",),
)
RESULTS_FAILED = Gauge(
    "ops_task_results_failed",
    "Results read of failed tasks. The task name is unknown unless results are stored extended.",
    ("name", "exception"),
)
RESULTS_METRICS = (RESULTS_STORED, RESULTS_COMPLETE, RESULTS_READ, RESULTS_BY_STATUS, RESULTS_FAILED)
STATUSES = ("SUCCESS", "FAILURE")


async def read_results(sources: Sources) -> Iterable[Metric]:
    """The results of the last scan."""
    found = await sources.broker.results.get()
    settings = sources.settings.celery
    statuses = dict.fromkeys(STATUSES, 0.0) | top_n(found.statuses, 10)
    return (
        RESULTS_STORED.single(found.stored),
        RESULTS_COMPLETE.single(float(found.complete)),
        RESULTS_READ.single(found.read),
        RESULTS_BY_STATUS.family(statuses.items()),
        RESULTS_FAILED.family(failure_rows(found, settings.tasks + settings.exceptions)),
    )


def failure_rows(found: StoredResults, most: int) -> Iterable[Row]:
    """The most frequent failures by task and exception, the rest together."""
    ranked = sorted(found.failures.items(), key=lambda item: (-item[1], item[0]))
    kept = [
        (sanitize_label(task), sanitize_label(exception), count) for (task, exception), count in ranked[:most]
    ]
    rest = [(OTHER, OTHER, count) for _, count in ranked[most:]]
    return sum_rows([*kept, *rest])
