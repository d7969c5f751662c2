"""The checks of the backend's reports against observations, and the status of each component."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from exporter.clock import to_steady_time
from exporter.collectors.self_reports import checks_application, checks_workers
from exporter.collectors.self_reports.comparison import Check, Comparison, ComparisonInput, request_renewal
from exporter.polling import Poller
from exporter.status import DEGRADED, HEALTHY, UNKNOWN, worst_status

RECENT_CHANGE = 120.0  # seconds for which a change of an observation is recent
FIRST_RENEWAL_AFTER = 300.0  # seconds after which a disagreeing report is refreshed for the first time
CHECKS = (
    Check(1, "the database is healthy; it is stopped", checks_application.compare_database),
    Check(2, "the module is healthy; its requests fail", checks_application.compare_modules),
    Check(2, "any name is a healthy module; it does not exist", checks_application.compare_missing_module),
    Check(3, "a worker is there; its pool is frozen", checks_workers.compare_workers),
    Check(4, "tasks are counted; they fail", checks_workers.compare_tasks),
    Check(5, "the queue is empty; messages wait in its other priorities", checks_workers.compare_priorities),
    Check(6, "nothing; no worker takes from the queue", checks_workers.compare_consumers),
    Check(7, "the pool is a third in use; it is exhausted", checks_application.compare_pool),
    Check(8, "the model is available; it cannot be loaded", checks_application.compare_models),
    Check(9, "the cache counts; Redis is down", checks_application.compare_cache),
    Check(10, "no handler fails; each takes half a minute", checks_application.compare_event_bus),
    Check(11, "the edge worker is idle; it is dead", checks_workers.compare_edge_worker),
    Check(
        12, "a model's name is stored; a hash made the vectors", checks_application.compare_sparse_embeddings
    ),
    Check(13, "HTTP 200; the body says unhealthy", checks_workers.compare_ingestion_http_status),
    Check(13, "ingestion is healthy; a server that it needs is down", checks_workers.compare_ingestion),
    Check(
        14,
        "these are the counts; they are those of one process of several",
        checks_application.compare_processes,
    ),
    Check(15, "Redis is unavailable; it works", checks_application.compare_redis),
    Check(16, "no answer at all; the event loop is blocked", checks_application.compare_slow_routes),
)


def run_checks(inputs: ComparisonInput) -> Iterator[Comparison]:
    """Every subject of which there is both a report and an observation of the same moment.

    A report from before the last change of the observation is refreshed first.
    """
    for check in CHECKS:
        yield from (
            comparison
            for comparison in check.compare(inputs)
            if is_current(inputs, comparison) and comparison.is_known
        )


def is_current(inputs: ComparisonInput, comparison: Comparison) -> bool:
    """Whether the report is of the observed state."""
    since = inputs.since.record(comparison.subject, comparison.observed, to_steady_time(inputs.now))
    report = comparison.report
    if report is None:
        return True
    if comparison.observed == UNKNOWN:
        return report.requested_at is not None or request_renewal(inputs, report)
    # one that was in flight when the observation changed may be of either state
    if report.result_requested_at is None or report.result_requested_at < since:
        return request_renewal(inputs, report)
    # a report from right after a change is current; else it is refreshed
    is_new = to_steady_time(inputs.now) - since < RECENT_CHANGE
    return is_confirmed(inputs, comparison, report, is_new)


def is_confirmed(inputs: ComparisonInput, comparison: Comparison, report: Poller[Any], is_new: bool) -> bool:
    """Whether the report agrees, or a second one disagrees as well: the first may be of a short failure.

    A lasting disagreement is verified again at growing intervals, so that it does not outlive its cause.
    """
    now = to_steady_time(inputs.now)
    began = inputs.since.disagreement_since(
        comparison.subject, comparison.is_known and comparison.disagrees, now
    )
    if began is None or report.result_requested_at is None:
        return True
    if report.result_requested_at < began and not is_new:
        return request_renewal(inputs, report)
    if now - report.result_requested_at > max(FIRST_RENEWAL_AFTER, (now - began) / 2):
        request_renewal(inputs, report)
    return True


@dataclass(frozen=True)
class Component:
    """One component, with functions for its reported and its observed status."""

    name: str
    reported: Callable[[ComparisonInput], str]
    observed: Callable[[ComparisonInput], str]


def api_reported(inputs: ComparisonInput) -> str:
    """The API as /health reports it."""
    return inputs.reports.component("api")


def redis_reported(inputs: ComparisonInput) -> str:
    """Redis as /health reports it."""
    return inputs.reports.component("redis")


def event_bus_reported(inputs: ComparisonInput) -> str:
    """The event bus by the errors it counts."""
    return (
        UNKNOWN
        if inputs.observations.bus is None
        else checks_application.event_bus_reported(inputs.observations.bus)
    )


def workers_observed(inputs: ComparisonInput) -> str:
    """The worse of the workers and their tasks."""
    return worst_status((checks_workers.workers_observed(inputs), checks_workers.tasks_observed(inputs)))


def models_reported(inputs: ComparisonInput) -> str:
    """The worst of the models as reported."""
    return worst_status(map(checks_application.model_reported, inputs.reports.models))


def models_observed(inputs: ComparisonInput) -> str:
    """The worst of the models as checked, unknown while any of them was not."""
    found = list(map(checks_application.model_observed, inputs.reports.models))
    state = worst_status(found)
    return UNKNOWN if state == HEALTHY and UNKNOWN in found else state


def ingestion_reported(inputs: ComparisonInput) -> str:
    """The worse of ingestion and edge worker, as reported."""
    return worst_status(
        (
            UNKNOWN if inputs.reports.ingestion is None else inputs.reports.ingestion.status,
            inputs.reports.edge,
        )
    )


def ingestion_observed(inputs: ComparisonInput) -> str:
    """The worse of ingestion's servers and its worker; unknown without a heartbeat.

    Also unknown if a server that we do not observe is reported degraded or down.
    """
    servers, worker = checks_workers.ingestion_observed(inputs), checks_workers.edge_worker_observed(inputs)
    report = inputs.reports.ingestion
    is_partial = worker == UNKNOWN or (report is not None and checks_workers.has_unobserved_trouble(report))
    found = worst_status((servers, worker))
    return UNKNOWN if found == HEALTHY and is_partial else found


def sparse_reported(inputs: ComparisonInput) -> str:
    """Sparse embeddings as reported by the stored model name."""
    return (
        HEALTHY if inputs.observations.sparse is not None and inputs.observations.sparse.by_model else UNKNOWN
    )


def sparse_observed(inputs: ComparisonInput) -> str:
    """Sparse embeddings by the audit of their origin."""
    audited = [evidence for evidence in inputs.observations.evidence if evidence.sampled]
    if any(evidence.suspect for evidence in audited):
        return DEGRADED
    return HEALTHY if audited else UNKNOWN


COMPONENTS = (
    Component("api", api_reported, checks_application.api_observed),
    Component(
        "database", lambda inputs: inputs.reports.database, lambda inputs: inputs.observations.database
    ),
    Component("redis", redis_reported, checks_application.redis_observed),
    Component("cache", lambda inputs: inputs.reports.cache, lambda inputs: inputs.observations.cache),
    Component("workers", checks_workers.workers_reported, workers_observed),
    Component("event_bus", event_bus_reported, checks_application.event_bus_observed),
    Component("models", models_reported, models_observed),
    Component("ingestion", ingestion_reported, ingestion_observed),
    Component("sparse_embeddings", sparse_reported, sparse_observed),
)
