"""Celery queues: length, age, consumers and unacknowledged messages."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.cardinality import sanitize_label
from exporter.errors import RequestFailed
from exporter.metrics import Gauge, first_rows, max_rows, sum_rows
from exporter.sources import Sources
from exporter.sources.broker.source import BrokerSource

LENGTH = Gauge(
    "celery_queue_length",
    "Messages waiting in the queue, summed over the lists of all priorities.",
    ("queue_name",),
)
SUSTAINED_LENGTH = Gauge(
    "ops_queue_sustained_length",
    "Messages waiting in the queue at each of the last two polls: the smaller of both lengths.",
    ("queue_name",),
)
OLDEST_MESSAGE_AGE = Gauge(
    "ops_queue_oldest_message_age_seconds",
    "Age of the oldest waiting message, 0 for an empty queue: since the time in its headers, else its"
    " task-sent event, else the first poll that found it, which is a lower bound.",
    ("queue_name",),
)
CONSUMERS = Gauge(
    "celery_active_consumer_count",
    "Workers that consume the queue: by inspection (every 15 s by default), without those that are down.",
    ("queue_name",),
)
UNCONSUMED = Gauge(
    "ops_queue_unconsumed",
    "Whether messages wait in the queue and no worker consumes it.",
    ("queue_name",),
)
UNACKED = Gauge(
    "ops_queue_unacked_messages",
    "Unacknowledged messages: running, reserved, or waiting for their ETA.",
)
OLDEST_UNACKED = Gauge(
    "ops_queue_unacked_oldest_timestamp_seconds",
    "Unix time at which a worker received the oldest unacknowledged message.",
)
UNACKED_CHANGED = Gauge(
    "ops_queue_unacked_change_timestamp_seconds",
    "Unix time of the last observed change of the unacknowledged messages.",
)
UNNAMED_QUEUES = Gauge("ops_queues_unnamed", "Queues beyond the limit, whose messages are summed as `other`.")
QUEUES_METRICS = (
    LENGTH,
    SUSTAINED_LENGTH,
    OLDEST_MESSAGE_AGE,
    CONSUMERS,
    UNCONSUMED,
    UNNAMED_QUEUES,
    UNACKED,
    OLDEST_UNACKED,
    UNACKED_CHANGED,
)


async def read_queues(sources: Sources) -> Iterable[Metric]:
    """The current queues. Two queues with the same label value are one."""
    broker = sources.broker
    queues = await broker.queues()
    found = await broker.lengths.get()
    named = [(sanitize_label(queue.name, sources.settings.limits.label_length), queue) for queue in queues]
    return (
        LENGTH.family(sum_rows((name, queue.length) for name, queue in named)),
        SUSTAINED_LENGTH.family(sum_rows((name, found.sustained.get(queue.name)) for name, queue in named)),
        OLDEST_MESSAGE_AGE.family(max_rows((name, queue.oldest_age) for name, queue in named)),
        CONSUMERS.family(first_rows((name, queue.consumers) for name, queue in named)),
        UNCONSUMED.family(max_rows((name, optional_flag(queue.is_unconsumed)) for name, queue in named)),
        UNNAMED_QUEUES.single(float(found.merged_queues)),
        *await unacked_families(broker),
    )


async def unacked_families(broker: BrokerSource) -> Iterable[Metric]:
    """The unacknowledged messages; nothing if the Redis user may not read them: see the part `rights`."""
    try:
        found = await broker.unacked.get()
    except RequestFailed:
        return ()
    return (
        UNACKED.single(found.unacked),
        OLDEST_UNACKED.single(found.oldest),
        UNACKED_CHANGED.single(broker.unacked_tracker.changed_at),
    )


def optional_flag(value: bool | None) -> float | None:
    """1 or 0, None for what is not known."""
    return None if value is None else float(value)
