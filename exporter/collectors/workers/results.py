"""The stored results of tasks: failures as the result backend knows them, whatever events say."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import OTHER, biggest, label
from exporter.metrics import Gauge, Row
from exporter.rows import summed
from exporter.sources import Sources
from exporter.sources.broker.results import StoredResults

RESULTS_AGE = " Counted every 30 s by default."
RESULTS_STORED = Gauge("ops_task_results_stored", "Results found in the result backend." + RESULTS_AGE)
RESULTS_COMPLETE = Gauge(
    "ops_task_results_complete", "Whether the result backend was walked to its end in time."
)
RESULTS_READ = Gauge(
    "ops_task_results_read", "Results read of those stored, a sample where there are many." + RESULTS_AGE
)
RESULTS_BY_STATUS = Gauge(
    "ops_task_results",
    "Results read, by what became of the task (SUCCESS, FAILURE, RETRY, ...).",
    ("status",),
)
RESULTS_FAILED = Gauge(
    "ops_task_results_failed",
    "Results read whose task failed; the task is unknown unless results are stored extended.",
    ("name", "exception"),
)
RESULTS_METRICS = (RESULTS_STORED, RESULTS_COMPLETE, RESULTS_READ, RESULTS_BY_STATUS, RESULTS_FAILED)
STATUSES = ("SUCCESS", "FAILURE")


async def read_results(sources: Sources) -> Iterable[Metric]:
    """The results of the last walk."""
    found = await sources.broker.results.answer()
    settings = sources.settings.celery
    statuses = dict.fromkeys(STATUSES, 0.0) | biggest(found.statuses, 10)
    return (
        RESULTS_STORED.one(found.stored),
        RESULTS_COMPLETE.one(float(found.complete)),
        RESULTS_READ.one(found.read),
        RESULTS_BY_STATUS.of(statuses.items()),
        RESULTS_FAILED.of(failure_rows(found, settings.tasks + settings.exceptions)),
    )


def failure_rows(found: StoredResults, most: int) -> Iterable[Row]:
    """The most frequent failures by task and exception, the rest together."""
    ranked = sorted(found.failures.items(), key=lambda item: (-item[1], item[0]))
    kept = [(label(task), label(exception), count) for (task, exception), count in ranked[:most]]
    rest = [(OTHER, OTHER, count) for _, count in ranked[most:]]
    return summed([*kept, *rest])
