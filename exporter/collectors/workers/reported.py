"""What the backend itself says of its workers, which is not to be believed without a second look."""

from collections import Counter as Count
from collections.abc import Iterable, Mapping

from prometheus_client import Metric

from exporter.bounds import Admitted, label
from exporter.metrics import Counter, Gauge, States
from exporter.rows import summed
from exporter.sources import Sources

REPORTED_AGE = " Requested on change, not on a clock: the request blocks the backend."
REPORTED_WORKERS = Gauge(
    "ops_workers_reported_workers", "Workers that the backend says there are." + REPORTED_AGE
)
REPORTED_ACTIVE = Gauge(
    "ops_workers_reported_active_tasks", "Tasks that the backend says are running." + REPORTED_AGE
)
REPORTED_SCHEDULED = Gauge(
    "ops_workers_reported_scheduled_tasks", "Tasks that the backend says wait for their time." + REPORTED_AGE
)
REPORTED_ACCEPTED = Counter(
    "ops_workers_reported_accepted_total",
    "Tasks that the backend says its workers accepted, whatever became of them." + REPORTED_AGE,
    ("name",),
)
REPORTED_PROCESSES = Gauge(
    "ops_workers_reported_pool_processes",
    "Pool processes that the backend says the worker has." + REPORTED_AGE,
    ("hostname",),
)
REPORTED_STATUS = States(
    "ops_workers_reported_status", "The backend's own word on its workers." + REPORTED_AGE, ("status",)
)
REPORTED_METRICS = (
    REPORTED_WORKERS,
    REPORTED_ACTIVE,
    REPORTED_SCHEDULED,
    REPORTED_ACCEPTED,
    REPORTED_PROCESSES,
    REPORTED_STATUS,
)


async def read_reported(sources: Sources) -> Iterable[Metric]:
    """The last answer of /workers/status."""
    said = await sources.backend.workers.answer()
    return (
        REPORTED_WORKERS.one(said.count),
        REPORTED_ACTIVE.one(said.active),
        REPORTED_SCHEDULED.one(said.scheduled),
        REPORTED_ACCEPTED.of(accepted_by_task(said.accepted, sources.broker.reported_names).items()),
        REPORTED_PROCESSES.of(summed((label(name), count) for name, count in said.processes.items())),
        REPORTED_STATUS.of_states([(said.status,)]),
    )


def accepted_by_task(by_task: Mapping[str, float], names: Admitted) -> Count[str]:
    """The accepted tasks by name, in bounded number."""
    counts: Count[str] = Count()
    for name, count in by_task.items():
        counts[names.name(name)] += int(count)
    return counts
