"""Celery queues: length, age, consumers and unacknowledged messages, as of now."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.cardinality import sanitize_label
from exporter.errors import RequestFailed
from exporter.metrics import Gauge, Untyped, first_rows, max_rows, sum_rows
from exporter.sources import Sources
from exporter.sources.broker.source import BrokerSource

LENGTH = Gauge(
    "celery_queue_length",
    "Messages that wait in the queue, over the lists of all its priorities.",
    ("queue_name",),
)
OLDEST_MESSAGE_AGE = Gauge(
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
UNACKED_CHANGED = Gauge(
    "ops_queue_unacked_change_timestamp_seconds",
    "Unix time at which the messages that workers hold were last seen to change.",
)
UNNAMED_QUEUES = Gauge(
    "ops_queues_unnamed", "Queues beyond the bound, whose messages are counted together as `other`."
)
QUEUES_METRICS = (
    LENGTH,
    OLDEST_MESSAGE_AGE,
    CONSUMERS,
    UNCONSUMED,
    UNNAMED_QUEUES,
    UNACKED,
    OLDEST_UNACKED,
    UNACKED_CHANGED,
)


async def read_queues(sources: Sources) -> Iterable[Metric]:
    """The queues as of now. Two queues that no label can tell apart are shown as one."""
    broker = sources.broker
    queues = await broker.queues()
    found = await broker.lengths.get()
    named = [(sanitize_label(queue.name, sources.settings.limits.label_length), queue) for queue in queues]
    return (
        LENGTH.family(sum_rows((name, queue.length) for name, queue in named)),
        OLDEST_MESSAGE_AGE.family(max_rows((name, queue.oldest_age) for name, queue in named)),
        CONSUMERS.family(first_rows((name, queue.consumers) for name, queue in named)),
        UNCONSUMED.family(max_rows((name, optional_flag(queue.is_unconsumed)) for name, queue in named)),
        UNNAMED_QUEUES.single(float(found.merged_queues)),
        *await unacked_families(broker),
    )


async def unacked_families(broker: BrokerSource) -> Iterable[Metric]:
    """What workers hold; nothing for a user who may not see it, of which the part `rights` tells."""
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
