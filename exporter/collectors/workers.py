"""The workers: the broker, the event stream, heartbeats, inspection, and what the backend reports."""

from collections import Counter as Count
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import Metric

from exporter.cardinality import LabelLimiter, sanitize_label
from exporter.collector import Collector, Part
from exporter.collectors import redis_rights, worker_queues, worker_tasks
from exporter.metrics import Counter, Gauge, StateGauge, first_rows, sum_rows
from exporter.sources import Sources
from exporter.sources.broker.event_receiver import EventReceiver
from exporter.sources.broker.source import BrokerSource
from exporter.sources.broker.workers import Worker

BROKER_UP = Gauge("ops_broker_up", "Whether the Celery broker replied to our own PING.")
CONNECTED = Gauge(
    "ops_event_stream_connected",
    "Whether worker events reach the exporter. While 0, metrics derived from events are absent.",
)
DISCONNECTS = Counter(
    "ops_event_stream_cuts_total",
    "Subscriptions to worker events that the broker ended, as Redis does to slow readers.",
)
EVENT_BACKLOG = Gauge(
    "ops_event_stream_backlog_bytes", "Worker events received by the exporter and not yet processed."
)
EVENTS_READ = Counter("ops_events_seen_total", "Worker events processed by the exporter.")
UNDECODABLE_EVENTS = Counter(
    "ops_events_undecodable_total", "Worker events and event messages that could not be decoded."
)
MISSED_STARTS = Counter(
    "ops_events_missed_total",
    "Tasks that a worker accepted without a task-started event. Events were lost or are disabled.",
)
LAST_TASK_EVENT = Gauge("celery_last_task_event_timestamp_seconds", "Unix time of the last task event.")
WORKERS_UP = Gauge("ops_workers_up", "Workers with a recent heartbeat; absent while unknown.")
STALLED_WORKERS = Gauge(
    "ops_workers_stalled",
    "Workers that hold tasks and start none, although a pool process is free.",
)
WORKER_STALLED = Gauge(
    "ops_worker_stalled",
    "Whether the worker holds tasks and starts none, although a pool process is free.",
    ("hostname",),
)
WORKER_UP = Gauge(
    "celery_worker_up",
    "Whether the worker's heartbeat is recent. The series ends after a long silence.",
    ("hostname",),
)
LAST_HEARTBEAT = Gauge(
    "celery_worker_last_heartbeat_timestamp_seconds",
    "Arrival time of the worker's last heartbeat, on the exporter's clock (Unix time).",
    ("hostname",),
)
ACTIVE_TASKS = Gauge(
    "celery_worker_tasks_active", "Tasks running in the worker, by its last heartbeat.", ("hostname",)
)
SAME_NAME_HEARTBEAT_GAP = (
    10.0  # seconds between the last heartbeats of two processes of one name that both live
)
UP_METRICS = (
    BROKER_UP, CONNECTED, DISCONNECTS, EVENT_BACKLOG, EVENTS_READ, UNDECODABLE_EVENTS, MISSED_STARTS,
    LAST_TASK_EVENT, WORKERS_UP, WORKER_UP, LAST_HEARTBEAT, ACTIVE_TASKS, STALLED_WORKERS, WORKER_STALLED,
)  # fmt: skip


async def read_up(sources: Sources) -> Iterable[Metric]:
    """The broker by our own PING, the workers by their heartbeats."""
    broker = sources.broker
    is_up = await broker.ping.is_responding()
    receiver = broker.receiver
    families = [BROKER_UP.single(float(is_up))]
    if receiver is not None:
        families += [*event_stream_families(receiver, broker), *worker_families(broker)]
    return families


def event_stream_families(receiver: EventReceiver, broker: BrokerSource) -> Iterator[Metric]:
    """The state of the event stream."""
    yield CONNECTED.single(float(broker.is_listening()))
    yield DISCONNECTS.single(receiver.disconnects)
    yield EVENT_BACKLOG.single(receiver.backlog)
    yield EVENTS_READ.single(receiver.events_received)
    yield UNDECODABLE_EVENTS.single(receiver.undecodable + receiver.tasks.undecodable)
    yield MISSED_STARTS.single(receiver.workers.missed_events)
    yield LAST_TASK_EVENT.single(receiver.last_task_event_at)


def worker_families(broker: BrokerSource) -> Iterator[Metric]:
    """The known workers; those with unknown state have no series."""
    monitor = broker.workers
    states = {name: state for name, state in monitor.states().items() if state is not None}
    workers = {name: each for name, each in monitor.workers().items() if name in states}
    yield WORKERS_UP.single(monitor.count_alive())
    yield WORKER_UP.family((name, float(state)) for name, state in states.items())
    yield LAST_HEARTBEAT.family(
        (name, max(one.last_heartbeat for one in each)) for name, each in workers.items()
    )
    # a dead worker runs nothing, whatever its last heartbeat reported
    yield ACTIVE_TASKS.family(
        (name, active_tasks(each) if states[name] else 0.0) for name, each in workers.items()
    )
    if broker.is_listening():
        stalled = monitor.stalled_workers()
        yield STALLED_WORKERS.single(float(len(stalled)))
        yield WORKER_STALLED.family((name, float(name in stalled)) for name in states)


def active_tasks(each: Iterable[Worker]) -> float | None:
    """The tasks running in all processes of this name, None if none reports them."""
    newest = max(each, key=lambda worker: worker.last_heartbeat)
    reported = [
        one.active
        for one in each
        if one.active is not None and newest.last_heartbeat - one.last_heartbeat < SAME_NAME_HEARTBEAT_GAP
    ]
    return sum(reported) if reported else None


INSPECTED_AGE = " Inspected every 15 s by default."
POOL_PROCESSES = Gauge(
    "ops_worker_pool_processes", "Processes in the worker's pool." + INSPECTED_AGE, ("hostname",)
)
PREFETCH_LIMIT = Gauge(
    "ops_worker_prefetch_messages",
    "Prefetch limit of the worker, in messages." + INSPECTED_AGE,
    ("hostname",),
)
QUEUE_WORKERS = Gauge(
    "celery_active_worker_count",
    "Workers that report to consume the queue." + INSPECTED_AGE,
    ("queue_name",),
)
QUEUE_PROCESSES = Gauge(
    "celery_active_process_count",
    "Pool processes of the workers that report to consume the queue." + INSPECTED_AGE,
    ("queue_name",),
)
INSPECTED_METRICS = (POOL_PROCESSES, PREFETCH_LIMIT, QUEUE_WORKERS, QUEUE_PROCESSES)


async def read_inspected(sources: Sources) -> Iterable[Metric]:
    """The last replies, for the queues that the exporter knows."""
    replies = await sources.broker.inspection.get()
    hosts = sorted(replies.items())[: sources.settings.celery.workers]
    known = sources.broker.known_queues()
    workers: Count[str] = Count(dict.fromkeys(known, 0))
    processes: Count[str] = Count(dict.fromkeys(known, 0))
    for _, worker in hosts:
        for queue in worker.queues & set(known):
            workers[queue] += 1
            processes[queue] += worker.processes or 0
    return (
        POOL_PROCESSES.family(first_rows((sanitize_label(name), worker.processes) for name, worker in hosts)),
        PREFETCH_LIMIT.family(first_rows((sanitize_label(name), worker.prefetch) for name, worker in hosts)),
        QUEUE_WORKERS.family(sum_rows((sanitize_label(name), n) for name, n in workers.items())),
        QUEUE_PROCESSES.family(sum_rows((sanitize_label(name), n) for name, n in processes.items())),
    )


REPORTED_AGE = " Polled on change only: the request blocks the backend."
REPORTED_WORKERS = Gauge("ops_workers_reported_workers", "Workers as reported by the backend." + REPORTED_AGE)
REPORTED_ACTIVE = Gauge(
    "ops_workers_reported_active_tasks", "Running tasks as reported by the backend." + REPORTED_AGE
)
REPORTED_SCHEDULED = Gauge(
    "ops_workers_reported_scheduled_tasks", "Scheduled tasks as reported by the backend." + REPORTED_AGE
)
REPORTED_ACCEPTED = Counter(
    "ops_workers_reported_accepted_total",
    "Tasks accepted by workers as reported by the backend, whatever their outcome." + REPORTED_AGE,
    ("name",),
)
REPORTED_PROCESSES = Gauge(
    "ops_workers_reported_pool_processes",
    "Pool processes of the worker as reported by the backend." + REPORTED_AGE,
    ("hostname",),
)
REPORTED_STATUS = StateGauge(
    "ops_workers_reported_status",
    "Status of the workers as reported by the backend." + REPORTED_AGE,
    ("status",),
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
    """The last response of /workers/status."""
    report = await sources.backend.workers.get()
    return (
        REPORTED_WORKERS.single(report.count),
        REPORTED_ACTIVE.single(report.active),
        REPORTED_SCHEDULED.single(report.scheduled),
        REPORTED_ACCEPTED.family(accepted_by_task(report.accepted, sources.broker.reported_names).items()),
        REPORTED_PROCESSES.family(
            sum_rows((sanitize_label(name), count) for name, count in report.processes.items())
        ),
        REPORTED_STATUS.state_family([(report.status,)]),
    )


def accepted_by_task(by_task: Mapping[str, float], names: LabelLimiter) -> Count[str]:
    """The accepted tasks by name, limited in number."""
    counts: Count[str] = Count()
    for name, count in by_task.items():
        counts[names.name(name)] += int(count)
    return counts


WORKERS = Collector(
    "workers",
    "Celery queues, workers by heartbeat, tasks by their events, stored results",
    (
        Part("up", read_up, UP_METRICS),
        Part("queues", worker_queues.read_queues, worker_queues.QUEUES_METRICS),
        Part("tasks", worker_tasks.read_tasks, worker_tasks.TASKS_METRICS),
        Part("inspected", read_inspected, INSPECTED_METRICS),
        Part("results", worker_tasks.read_results, worker_tasks.RESULTS_METRICS),
        Part("reported", read_reported, REPORTED_METRICS),
        Part("rights", redis_rights.read_broker_rights, redis_rights.METRICS),
    ),
)
