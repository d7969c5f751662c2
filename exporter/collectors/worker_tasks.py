"""Celery tasks: counts by their events, and the stored results."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from prometheus_client import Metric

from exporter.cardinality import OTHER, sanitize_label, top_n
from exporter.metrics import Counter, Gauge, Histogram, HistogramData, MetricDesc, Row, sum_rows
from exporter.sources import Sources
from exporter.sources.broker.results import StoredResults
from exporter.sources.broker.task_counters import TaskCounters, TaskCounts, ZeroInitializer

HOST = "hostname"
M = TypeVar("M", bound=MetricDesc)
TASK_LABELS = ("name", "queue_name", HOST)  # the last only where celery.task_hosts is set
BY_HOST = " hostname: see celery.task_hosts."
BY_EVENTS = (
    " by events since the exporter's start. The queue is unknown if clients send no task-sent events."
    + BY_HOST
)
SENT = Counter("celery_task_sent_total", "Tasks sent," + BY_EVENTS, TASK_LABELS)
RECEIVED = Counter("celery_task_received_total", "Tasks received by a worker," + BY_EVENTS, TASK_LABELS)
STARTED = Counter("celery_task_started_total", "Tasks started," + BY_EVENTS, TASK_LABELS)
SUCCEEDED = Counter("celery_task_succeeded_total", "Tasks succeeded," + BY_EVENTS, TASK_LABELS)
FAILED = Counter(
    "celery_task_failed_total",
    "Tasks failed, by exception class," + BY_EVENTS,
    ("name", "queue_name", "exception", HOST),
)
REJECTED = Counter("celery_task_rejected_total", "Tasks rejected by a worker," + BY_EVENTS, TASK_LABELS)
REVOKED = Counter("celery_task_revoked_total", "Tasks revoked or expired," + BY_EVENTS, TASK_LABELS)
RETRIED = Counter("celery_task_retried_total", "Task runs that ended in a retry," + BY_EVENTS, TASK_LABELS)
RUNTIME = Histogram(
    "celery_task_runtime",
    "Runtime of successful tasks in seconds." + BY_HOST,
    TASK_LABELS,
)
WAIT = Histogram(
    "celery_task_queue_wait_time",
    "Seconds from when a task was due (sent, or end of countdown or retry delay) to its start." + BY_HOST,
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
    broker, by_host = sources.broker, sources.settings.celery.task_hosts > 0
    tallies, newborn = broker.connected_receiver().tasks.counters, broker.zero_initializer
    known = tallies.all()
    rows = [(tally, task_labels(tally, by_host)) for tally in known]
    return (
        *(with_host(it, by_host).family(count_rows(newborn, rows, field)) for it, field in COUNTERS),
        with_host(FAILED, by_host).family(failed_rows(newborn, tallies, by_host)),
        with_host(RUNTIME, by_host).family(histogram_rows(newborn, rows, "runtime")),
        with_host(WAIT, by_host).family(histogram_rows(newborn, rows, "wait")),
    )


def with_host(metric: M, by_host: bool) -> M:
    """The metric, without the label of the worker where workers are not told apart."""
    return metric if by_host else replace(metric, labels=tuple(it for it in metric.labels if it != HOST))


def task_labels(tally: TaskCounts, by_host: bool, *more: str) -> tuple[str, ...]:
    """The label values of these counts."""
    return (tally.name, tally.queue, *more, *([tally.host] if by_host else []))


LabelledCounts = tuple[TaskCounts, tuple[str, ...]]


def count_rows(newborn: ZeroInitializer, rows: Iterable[LabelledCounts], field: str) -> Iterable[Row]:
    """One count of every tally."""
    for tally, labels in rows:
        yield *labels, newborn.counter((field, *labels), getattr(tally, field))


def failed_rows(newborn: ZeroInitializer, tallies: TaskCounters, by_host: bool) -> Iterable[Row]:
    """The failures by class of exception."""
    for tally, exception, count in tallies.failures():
        labels = task_labels(tally, by_host, exception)
        yield *labels, newborn.counter(("failed", *labels), count)


def histogram_rows(
    newborn: ZeroInitializer, rows: Iterable[LabelledCounts], field: str
) -> Iterable[tuple[tuple[str, ...], HistogramData]]:
    """One histogram of every tally that has any values."""
    for tally, labels in rows:
        spread = getattr(tally, field).build()
        if spread is not None:
            yield labels, newborn.histogram((field, *labels), spread)


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
