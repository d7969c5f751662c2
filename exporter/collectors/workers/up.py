"""Whether the broker answers, events arrive, and which workers live by their heartbeats."""

from collections.abc import Iterable, Iterator

from prometheus_client import Metric

from exporter.metrics import Counter, Gauge
from exporter.sources import Sources
from exporter.sources.broker.event_receiver import EventReceiver
from exporter.sources.broker.source import BrokerSource
from exporter.sources.broker.workers import Worker

BROKER_UP = Gauge("ops_broker_up", "Whether the Celery broker answered our own PING.")
CONNECTED = Gauge(
    "ops_event_stream_connected",
    "Whether worker events reach the exporter; while 0, nothing that follows from events is shown.",
)
DISCONNECTS = Counter(
    "ops_event_stream_cuts_total",
    "Times the broker ended the exporter's subscription to worker events, as Redis does to slow readers.",
)
EVENT_BACKLOG = Gauge(
    "ops_event_stream_backlog_bytes", "Worker events received by the exporter and not yet read."
)
EVENTS_READ = Counter("ops_events_seen_total", "Worker events that the exporter has read.")
UNDECODABLE_EVENTS = Counter(
    "ops_events_undecodable_total", "Worker events or messages of events that could not be understood."
)
MISSED_STARTS = Counter(
    "ops_events_missed_total",
    "Tasks that workers say they accepted and of whose start no event came: lost events, or task events off.",
)
LAST_TASK_EVENT = Gauge(
    "celery_last_task_event_timestamp_seconds", "Unix time at which the last event of any task arrived."
)
WORKERS_UP = Gauge("ops_workers_up", "Workers whose heartbeat is recent; missing while that is not known.")
STALLED_WORKERS = Gauge(
    "ops_workers_stalled",
    "Workers that hold tasks which could start and do not, though a process of theirs is free.",
)
WORKER_STALLED = Gauge(
    "ops_worker_stalled",
    "Whether the worker takes tasks and starts none, though a process of its pool is free.",
    ("hostname",),
)
WORKER_UP = Gauge(
    "celery_worker_up",
    "Whether the worker's heartbeat is recent; a worker silent for long is forgotten.",
    ("hostname",),
)
LAST_HEARTBEAT = Gauge(
    "celery_worker_last_heartbeat_timestamp_seconds",
    "Unix time, on the exporter's clock, at which the worker's last heartbeat arrived.",
    ("hostname",),
)
ACTIVE_TASKS = Gauge(
    "celery_worker_tasks_active", "Tasks that run in the worker, by its last heartbeat.", ("hostname",)
)
SAME_NAME_HEARTBEAT_GAP = (
    10.0  # seconds between the last heartbeats of two processes of one name that both live
)
UP_METRICS = (
    BROKER_UP, CONNECTED, DISCONNECTS, EVENT_BACKLOG, EVENTS_READ, UNDECODABLE_EVENTS, MISSED_STARTS,
    LAST_TASK_EVENT, WORKERS_UP, WORKER_UP, LAST_HEARTBEAT, ACTIVE_TASKS, STALLED_WORKERS, WORKER_STALLED,
)  # fmt: skip


async def read_up(sources: Sources) -> Iterable[Metric]:
    """The broker by our own PING, the workers by what their heartbeats say."""
    broker = sources.broker
    answers = await broker.ping.works()
    receiver = broker.receiver
    families = [BROKER_UP.one(float(answers))]
    if receiver is not None:
        families += [*event_stream_families(receiver, broker), *worker_families(broker)]
    return families


def event_stream_families(receiver: EventReceiver, broker: BrokerSource) -> Iterator[Metric]:
    """How well the exporter hears."""
    yield CONNECTED.one(float(broker.hears()))
    yield DISCONNECTS.one(receiver.cuts)
    yield EVENT_BACKLOG.one(receiver.backlog)
    yield EVENTS_READ.one(receiver.seen)
    yield UNDECODABLE_EVENTS.one(receiver.undecodable + receiver.tasks.undecodable)
    yield MISSED_STARTS.one(receiver.workers.missed)
    yield LAST_TASK_EVENT.one(receiver.last_task_event)


def worker_families(broker: BrokerSource) -> Iterator[Metric]:
    """The workers heard of; those whose state is unknown have no series."""
    crew = broker.crew
    states = {name: state for name, state in crew.up().items() if state is not None}
    workers = {name: each for name, each in crew.workers().items() if name in states}
    yield WORKERS_UP.one(crew.count_up())
    yield WORKER_UP.of((name, float(state)) for name, state in states.items())
    yield LAST_HEARTBEAT.of((name, max(one.heard_at for one in each)) for name, each in workers.items())
    # a dead worker runs nothing, whatever it said last
    yield ACTIVE_TASKS.of(
        (name, active_tasks(each) if states[name] else 0.0) for name, each in workers.items()
    )
    if broker.hears():
        stalled = crew.stalled()
        yield STALLED_WORKERS.one(float(len(stalled)))
        yield WORKER_STALLED.of((name, float(name in stalled)) for name in states)


def active_tasks(each: Iterable[Worker]) -> float | None:
    """The tasks that run in all processes of this name, None where none of them says."""
    newest = max(each, key=lambda worker: worker.heard_at)
    said = [
        one.active
        for one in each
        if one.active is not None and newest.heard_at - one.heard_at < SAME_NAME_HEARTBEAT_GAP
    ]
    return sum(said) if said else None
