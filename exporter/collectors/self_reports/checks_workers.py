"""Checks of the reports on workers, tasks, queues and ingestion: rows 3, 4, 5, 6, 11 and 13."""

from collections.abc import Iterable

from exporter.collectors.self_reports.comparison import Comparison, ComparisonInput
from exporter.judgement import status_from_error_ratio
from exporter.sources.broker.snapshot import BrokerSnapshot
from exporter.sources.ingestion.models import IngestionHealth
from exporter.status import DEGRADED, DOWN, HEALTHY, UNKNOWN, worst_status

OBSERVED_SERVICES = ("redis", "database")  # the services of the ingestion's report that we ask ourselves


def compare_workers(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 3: a worker that is there, while its pool is frozen and tasks wait."""
    report = sight.backend.health if sight.said.workers is None else sight.backend.workers
    yield Comparison("workers", workers_reported(sight), workers_observed(sight), report)


def workers_reported(sight: ComparisonInput) -> str:
    """The workers as /workers/status tells them, else as /health does."""
    if sight.said.workers is None:
        return sight.said.component("celery")
    return DOWN if sight.said.workers.count == 0 else sight.said.workers.status


def workers_observed(sight: ComparisonInput) -> str:
    """The workers by heartbeats, and by whether tasks that they hold, messages and task events move."""
    broker = sight.seen.broker
    if broker is None:
        return UNKNOWN
    if not broker.answers or broker.workers_up == 0:
        return DOWN
    if broker.stalled:
        return DOWN if len(broker.stalled) >= (broker.workers_up or 1) else DEGRADED
    after = sight.settings.celery.stuck_after
    if broker.stuck(after) and set(broker.stuck(after)) - set(broker.unconsumed):
        return DOWN if has_no_task_events(broker, sight.now - after) else DEGRADED
    return HEALTHY if broker.workers_up else UNKNOWN


def has_no_task_events(broker: BrokerSnapshot, since: float) -> bool:
    """Whether, though events are listened to, none of any task came since then or no task ends any more."""
    if not broker.listening:
        return False
    return broker.finished == 0 or broker.last_task_event is None or broker.last_task_event < since


def compare_tasks(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 4: tasks are counted as done while every one of them fails."""
    said = sight.said.workers
    reported = said.status if said is not None and said.accepted else UNKNOWN
    yield Comparison("tasks", reported, tasks_observed(sight), sight.backend.workers)


def tasks_observed(sight: ComparisonInput) -> str:
    """The tasks by how many of those that finished lately failed: by events, else by the stored results."""
    return status_from_error_ratio(*finished_and_failed(sight), sight.settings.judgement)


def finished_and_failed(sight: ComparisonInput) -> tuple[float, float]:
    """Tasks that finished and those of them that failed: of late by events, else by the results in store."""
    broker, results = sight.seen.broker, sight.seen.results
    finished, failed = (0, 0) if broker is None else (broker.finished or 0, broker.failed or 0)
    if finished >= sight.settings.judgement.requests or results is None:
        return finished, failed
    failed = results.statuses["FAILURE"]
    return results.statuses["SUCCESS"] + failed, failed


def compare_priorities(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 5: a queue of length 0 whose messages wait in the lists of higher priorities."""
    if sight.seen.broker is None or sight.seen.hidden is None:
        return
    for queue in sight.seen.broker.queues or ():
        if queue.length:
            reported = "empty" if queue.name in sight.seen.hidden else "waiting"
            yield Comparison(f"queue {queue.name}", reported, "waiting")


def compare_consumers(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 6: no word of a queue that no worker takes from."""
    for queue in () if sight.seen.broker is None else sight.seen.broker.queues or ():
        if queue.length and queue.unconsumed is not None:
            observed = "unconsumed" if queue.unconsumed else "consumed"
            yield Comparison(f"consumers of {queue.name}", "consumed", observed)


def compare_edge_worker(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 11: idle while the edge worker is dead."""
    yield Comparison("edge worker", sight.said.edge, edge_worker_observed(sight), sight.backend.worker_status)


def edge_worker_observed(sight: ComparisonInput) -> str:
    """The edge worker by its heartbeat; without one nothing is known of it."""
    if sight.seen.edge is None:
        return UNKNOWN
    return sight.seen.edge.status(sight.now, sight.settings.ingestion.heartbeat_timeout)


def compare_ingestion_http_status(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 13: HTTP 200 over a body that says unhealthy."""
    if sight.said.ingestion is not None:
        reported = HEALTHY if sight.said.ingestion.http_status < 400 else DOWN
        yield Comparison("ingestion HTTP status", reported, sight.said.ingestion.status)


def compare_ingestion(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 13: the body itself, held against the servers that ingestion needs, as far as we observe them."""
    if sight.said.ingestion is not None:
        reported, report = observed_services_status(sight.said.ingestion), sight.backend.ingestion_health
        yield Comparison("ingestion", reported, ingestion_observed(sight), report)


def observed_services_status(health: IngestionHealth) -> str:
    """What the report says of the services that we observe ourselves; all of it where it names none."""
    if not health.services:
        return health.status
    known = [health.services[name] for name in OBSERVED_SERVICES if name in health.services]
    return worst_status(known) if known else UNKNOWN


def has_unobserved_trouble(health: IngestionHealth) -> bool:
    """Whether the report is of trouble in a service that we do not observe, as the vector store."""
    return any(
        status in (DEGRADED, DOWN)
        for name, status in health.services.items()
        if name not in OBSERVED_SERVICES
    )


def ingestion_observed(sight: ComparisonInput) -> str:
    """The ingestion by its queue's server and by the database."""
    return worst_status((sight.seen.ingestion, sight.seen.database))
