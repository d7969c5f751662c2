"""What the backend itself says of its workers, which is not to be believed without a second look."""

from collections import Counter as Count
from collections.abc import Iterable, Mapping

from prometheus_client import Metric

from exporter.bounds import Admitted, label
from exporter.metrics import Counter, Gauge, States
from exporter.rows import summed
from exporter.sources import Sources

AGED = " Requested on change, not on a clock: the request blocks the backend."
WORKERS = Gauge("ops_workers_reported_workers", "Workers that the backend says there are." + AGED)
ACTIVE = Gauge("ops_workers_reported_active_tasks", "Tasks that the backend says are running." + AGED)
SCHEDULED = Gauge(
    "ops_workers_reported_scheduled_tasks", "Tasks that the backend says wait for their time." + AGED
)
ACCEPTED = Counter(
    "ops_workers_reported_accepted_total",
    "Tasks that the backend says its workers accepted, whatever became of them." + AGED,
    ("name",),
)
PROCESSES = Gauge(
    "ops_workers_reported_pool_processes",
    "Pool processes that the backend says the worker has." + AGED,
    ("hostname",),
)
STATUS = States("ops_workers_reported_status", "The backend's own word on its workers." + AGED, ("status",))
METRICS = (WORKERS, ACTIVE, SCHEDULED, ACCEPTED, PROCESSES, STATUS)


async def read(sources: Sources) -> Iterable[Metric]:
    """The last answer of /workers/status."""
    said = await sources.backend.workers.answer()
    return (
        WORKERS.one(said.count),
        ACTIVE.one(said.active),
        SCHEDULED.one(said.scheduled),
        ACCEPTED.of(accepted(said.accepted, sources.broker.reported_names).items()),
        PROCESSES.of(summed((label(name), count) for name, count in said.processes.items())),
        STATUS.of_states([(said.status,)]),
    )


def accepted(by_task: Mapping[str, float], names: Admitted) -> Count[str]:
    """The accepted tasks by name, in bounded number."""
    counts: Count[str] = Count()
    for name, count in by_task.items():
        counts[names.name(name)] += int(count)
    return counts
