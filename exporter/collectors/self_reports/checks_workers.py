"""Checks of the reports on workers, tasks, queues and ingestion: rows 3, 4, 5, 6, 11 and 13."""

from collections.abc import Iterable

from exporter.clock import to_steady_time
from exporter.collectors.self_reports.comparison import Comparison, ComparisonInput, request_renewal
from exporter.sources.broker.snapshot import BrokerSnapshot
from exporter.sources.ingestion.models import IngestionHealth
from exporter.status import DEGRADED, DOWN, HEALTHY, UNKNOWN, significant_status, worst_status

OBSERVED_SERVICES = ("redis", "database")  # the services in ingestion's report that we poll ourselves


def compare_workers(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 3: a worker is up, but its pool is frozen and tasks wait."""
    report = inputs.backend.health if inputs.reports.workers is None else inputs.backend.workers
    refresh_count(inputs)
    yield Comparison("workers", workers_reported(inputs), workers_observed(inputs), report)


def refresh_count(inputs: ComparisonInput) -> None:
    """Refresh a report from before workers came or went, or it would tell of the former ones for hours."""
    broker, report = inputs.observations.broker, inputs.backend.workers
    if broker is None or not broker.is_responding or broker.workers_alive is None:
        return
    since = inputs.since.record("number of workers", str(broker.workers_alive), to_steady_time(inputs.now))
    requested = report.result_requested_at
    if requested is not None and requested < since:
        request_renewal(inputs, report)


def workers_reported(inputs: ComparisonInput) -> str:
    """The workers as /workers/status reports them, else as /health does."""
    if inputs.reports.workers is None:
        return inputs.reports.component("celery")
    return DOWN if inputs.reports.workers.count == 0 else inputs.reports.workers.status


def workers_observed(inputs: ComparisonInput) -> str:
    """The workers by heartbeats, and by the progress of their tasks, messages and task events."""
    broker = inputs.observations.broker
    if broker is None:
        return UNKNOWN
    if not broker.is_responding or broker.workers_alive == 0:
        return DOWN
    if broker.stalled:
        return DOWN if len(broker.stalled) >= (broker.workers_alive or 1) else DEGRADED
    after = inputs.settings.celery.stuck_after
    if broker.stuck_queues(after) and set(broker.stuck_queues(after)) - set(broker.unconsumed_queues):
        return DOWN if has_no_task_events(broker, inputs.now - after) else DEGRADED
    return HEALTHY if broker.workers_alive else UNKNOWN


def has_no_task_events(broker: BrokerSnapshot, since: float) -> bool:
    """Whether no task event arrived since then, or no task finished, while the event stream is connected."""
    if not broker.is_listening:
        return False
    return broker.finished == 0 or broker.last_task_event_at is None or broker.last_task_event_at < since


def compare_tasks(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 4: tasks count as done while all of them fail."""
    report = inputs.reports.workers
    reported = report.status if report is not None and report.accepted else UNKNOWN
    yield Comparison("tasks", reported, tasks_observed(inputs), inputs.backend.workers)


def tasks_observed(inputs: ComparisonInput) -> str:
    """The tasks by the share of recent failures: by events, else by stored results."""
    return significant_status(*finished_and_failed(inputs), inputs.settings.judgement)


def finished_and_failed(inputs: ComparisonInput) -> tuple[float, float]:
    """Tasks that finished, and those of them that failed: recent ones by events, else stored results."""
    broker, results = inputs.observations.broker, inputs.observations.results
    finished, failed = (0, 0) if broker is None else (broker.finished or 0, broker.failed or 0)
    if finished >= inputs.settings.judgement.requests or results is None:
        return finished, failed
    failed = results.statuses["FAILURE"]
    return results.statuses["SUCCESS"] + failed, failed


def compare_priorities(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 5: a queue of length 0 whose messages wait in the lists of higher priorities."""
    if inputs.observations.broker is None or inputs.observations.hidden is None:
        return
    for queue in inputs.observations.broker.queues or ():
        if queue.length:
            reported = "empty" if queue.name in inputs.observations.hidden else "waiting"
            yield Comparison(f"queue {queue.name}", reported, "waiting")


def compare_consumers(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 6: nothing is reported of a queue without a consumer."""
    for queue in () if inputs.observations.broker is None else inputs.observations.broker.queues or ():
        if queue.length and queue.is_unconsumed is not None:
            observed = "unconsumed" if queue.is_unconsumed else "consumed"
            yield Comparison(f"consumers of {queue.name}", "consumed", observed)


def compare_edge_worker(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 11: idle while the edge worker is dead."""
    yield Comparison(
        "edge worker", inputs.reports.edge, edge_worker_observed(inputs), inputs.backend.worker_status
    )


def edge_worker_observed(inputs: ComparisonInput) -> str:
    """The edge worker by its heartbeat; unknown without one."""
    if inputs.observations.edge is None:
        return UNKNOWN
    return inputs.observations.edge.status(inputs.now, inputs.settings.ingestion.heartbeat_timeout)


def compare_ingestion_http_status(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 13: HTTP 200 with an unhealthy body."""
    if inputs.reports.ingestion is not None:
        reported = HEALTHY if inputs.reports.ingestion.http_status < 400 else DOWN
        yield Comparison("ingestion HTTP status", reported, inputs.reports.ingestion.status)


def compare_ingestion(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 13: the body, compared with the servers that ingestion needs and that we observe."""
    if inputs.reports.ingestion is not None:
        reported, report = observed_services_status(inputs.reports.ingestion), inputs.backend.ingestion_health
        yield Comparison("ingestion", reported, ingestion_observed(inputs), report)


def observed_services_status(health: IngestionHealth) -> str:
    """The reported status of the services that we observe; of ingestion itself if it names none."""
    if not health.services:
        return health.status
    known = [health.services[name] for name in OBSERVED_SERVICES if name in health.services]
    return worst_status(known) if known else UNKNOWN


def has_unobserved_trouble(health: IngestionHealth) -> bool:
    """Whether a service that we do not observe, such as the vector store, is reported degraded or down."""
    return any(
        status in (DEGRADED, DOWN)
        for name, status in health.services.items()
        if name not in OBSERVED_SERVICES
    )


def ingestion_observed(inputs: ComparisonInput) -> str:
    """The ingestion by its queue's server and by the database."""
    return worst_status((inputs.observations.ingestion, inputs.observations.database))
