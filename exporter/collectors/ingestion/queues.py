"""How much waits to be ingested, and what was given up."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge
from exporter.sources import Sources

QUEUE_LENGTH = Gauge("ops_ingestion_queue_length", "Items that wait in the ingestion queue.", ("queue",))
QUEUE_CAPACITY = Gauge(
    "ops_ingestion_queue_capacity",
    "Items from which on the backend refuses more; a setting, since the backend does not tell.",
    ("queue",),
)
OLDEST_ITEM = Gauge(
    "ops_ingestion_queue_oldest_timestamp_seconds",
    "Unix time at which the oldest waiting item was put in; none while nothing waits.",
    ("queue",),
)
DEAD_LETTERS = Gauge("ops_ingestion_dead_letters", "Items that were given up and are kept aside.")
QUEUES_METRICS = (QUEUE_LENGTH, QUEUE_CAPACITY, OLDEST_ITEM, DEAD_LETTERS)


async def read_queues(sources: Sources) -> Iterable[Metric]:
    """The lists as Redis has them; nothing where the server never held any of their keys."""
    found = await sources.ingestion.queues.answer()
    return (
        QUEUE_LENGTH.of((queue.name, queue.length) for queue in found.queues),
        QUEUE_CAPACITY.of((queue.name, queue.capacity) for queue in found.queues),
        OLDEST_ITEM.of((queue.name, queue.oldest) for queue in found.queues),
        DEAD_LETTERS.one(found.dead_letters),
    )
