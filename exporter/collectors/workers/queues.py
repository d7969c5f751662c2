"""The queues: how much waits, for how long, and whether anybody takes it."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge, Untyped
from exporter.sources import Sources

LENGTH = Gauge(
    "celery_queue_length",
    "Messages that wait in the queue, over the lists of all its priorities.",
    ("queue_name",),
)
AGE = Gauge(
    "ops_queue_oldest_message_age_seconds",
    "How long the oldest message has waited, 0 when none waits: since the time in its headers, else since its"
    " task-sent event, else since it was first seen where it lies, which is less than the truth.",
    ("queue_name",),
)
CONSUMERS = Untyped(
    "celery_active_consumer_count",
    "Workers that take from the queue: by inspection, at most 15 s old by default, less those that are down.",
    ("queue_name",),
)
UNCONSUMED = Gauge(
    "ops_queue_unconsumed",
    "Whether messages wait in the queue and no worker takes from it.",
    ("queue_name",),
)
UNACKED = Gauge(
    "ops_queue_unacked_messages",
    "Messages that workers hold: running, reserved, or waiting for the time they are meant for.",
)
OLDEST_UNACKED = Gauge(
    "ops_queue_unacked_oldest_timestamp_seconds",
    "Unix time at which a worker took the oldest message that workers hold.",
)
MOVED = Gauge(
    "ops_queue_unacked_change_timestamp_seconds",
    "Unix time at which the messages that workers hold were last seen to change.",
)
METRICS = (LENGTH, AGE, CONSUMERS, UNCONSUMED, UNACKED, OLDEST_UNACKED, MOVED)


async def read(sources: Sources) -> Iterable[Metric]:
    """The queues as of now, in one round trip to the broker."""
    broker = sources.broker
    queues = await broker.queues()
    found = await broker.lengths.answer()
    return (
        LENGTH.of((queue.name, queue.length) for queue in queues),
        AGE.of((queue.name, queue.oldest_age) for queue in queues),
        CONSUMERS.of((queue.name, queue.consumers) for queue in queues),
        UNCONSUMED.of((q.name, None if q.unconsumed is None else float(q.unconsumed)) for q in queues),
        UNACKED.one(found.unacked),
        OLDEST_UNACKED.one(found.oldest_unacked),
        MOVED.one(broker.movement.changed_at),
    )
