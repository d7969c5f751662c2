"""The workers as they answer over Celery's control channel, asked beside the scrape."""

from collections import Counter
from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import label
from exporter.metrics import Gauge, Untyped
from exporter.rows import first, summed
from exporter.sources import Sources

INSPECTED_AGE = " Asked every 15 s by default."
POOL_PROCESSES = Gauge(
    "ops_worker_pool_processes", "Processes in the worker's pool." + INSPECTED_AGE, ("hostname",)
)
PREFETCH_LIMIT = Gauge(
    "ops_worker_prefetch_messages",
    "Messages that the worker may hold at a time." + INSPECTED_AGE,
    ("hostname",),
)
QUEUE_WORKERS = Untyped(
    "celery_active_worker_count",
    "Workers that say they take from the queue." + INSPECTED_AGE,
    ("queue_name",),
)
QUEUE_PROCESSES = Untyped(
    "celery_active_process_count",
    "Pool processes of the workers that say they take from the queue." + INSPECTED_AGE,
    ("queue_name",),
)
INSPECTED_METRICS = (POOL_PROCESSES, PREFETCH_LIMIT, QUEUE_WORKERS, QUEUE_PROCESSES)


async def read_inspected(sources: Sources) -> Iterable[Metric]:
    """The last answers; queues beyond those the exporter knows are left out."""
    answers = await sources.broker.inspected.answer()
    hosts = sorted(answers.items())[: sources.settings.celery.workers]
    known = sources.broker.known_queues()
    workers: Counter[str] = Counter(dict.fromkeys(known, 0))
    processes: Counter[str] = Counter(dict.fromkeys(known, 0))
    for _, worker in hosts:
        for queue in worker.queues & set(known):
            workers[queue] += 1
            processes[queue] += worker.processes or 0
    return (
        POOL_PROCESSES.of(first((label(name), worker.processes) for name, worker in hosts)),
        PREFETCH_LIMIT.of(first((label(name), worker.prefetch) for name, worker in hosts)),
        QUEUE_WORKERS.of(summed((label(name), n) for name, n in workers.items())),
        QUEUE_PROCESSES.of(summed((label(name), n) for name, n in processes.items())),
    )
