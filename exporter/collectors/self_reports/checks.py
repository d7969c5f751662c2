"""The checks: every way in which a backend of this kind was seen to report what is not so."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from exporter.clock import to_steady_time
from exporter.collectors.self_reports import checks_application, checks_workers
from exporter.collectors.self_reports.comparison import Check, Comparison, ComparisonInput
from exporter.polling import Poller
from exporter.status import DEGRADED, HEALTHY, UNKNOWN, worst_status

RECENT_CHANGE = 120.0  # seconds for which a change of what is observed is new
FIRST_RENEWAL_AFTER = 300.0  # seconds after which a report that disagrees is renewed for the first time
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

    A report from before the observation last changed is renewed, and compared once that is done.
    """
    for row in CHECKS:
        yield from (
            comparison
            for comparison in row.compare(inputs)
            if is_current(inputs, comparison) and comparison.is_known
        )


def is_current(inputs: ComparisonInput, comparison: Comparison) -> bool:
    """Whether the report is of the state that is observed now."""
    since = inputs.since.record(comparison.subject, comparison.observed, to_steady_time(inputs.now))
    report = comparison.report
    if report is None:
        return True
    if comparison.observed == UNKNOWN:
        return report.requested_at is not None or request_renewal(inputs, report)
    # one that was under way when the observation changed may speak of either state
    if report.result_requested_at is None or report.result_requested_at < since:
        return request_renewal(inputs, report)
    # what came right after a change of what is observed is of its moment; else the report is asked for again
    is_new = to_steady_time(inputs.now) - since < RECENT_CHANGE
    return is_confirmed(inputs, comparison, report, is_new)


def is_confirmed(inputs: ComparisonInput, comparison: Comparison, report: Poller[Any], is_new: bool) -> bool:
    """Whether the report agrees, or says the same still: it may have been given in a short bad moment.

    A disagreement that lasts is looked into again, ever more seldom, so that it does not outlive its cause.
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


def request_renewal(inputs: ComparisonInput, report: Poller[Any]) -> bool:
    """Have the report renewed, unless a server is silent on which it would hang; it is not current yet."""
    if inputs.observations.may_block or report not in (inputs.backend.health, inputs.backend.workers):
        report.request_refresh()
    return False


@dataclass(frozen=True)
class Component:
    """One component, and how its two statuses are found."""

    name: str
    reported: Callable[[ComparisonInput], str]
    observed: Callable[[ComparisonInput], str]


def api_reported(inputs: ComparisonInput) -> str:
    """The API in the words of /health."""
    return inputs.reports.component("api")


def redis_reported(inputs: ComparisonInput) -> str:
    """Redis in the words of /health."""
    return inputs.reports.component("redis")


def event_bus_reported(inputs: ComparisonInput) -> str:
    """The event bus by the errors it counts."""
    return (
        UNKNOWN
        if inputs.observations.bus is None
        else checks_application.event_bus_reported(inputs.observations.bus)
    )


def workers_observed(inputs: ComparisonInput) -> str:
    """The workers and what becomes of their tasks."""
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
    """The ingestion as its body says, and the edge worker as passed on."""
    return worst_status(
        (
            UNKNOWN if inputs.reports.ingestion is None else inputs.reports.ingestion.status,
            inputs.reports.edge,
        )
    )


def ingestion_observed(inputs: ComparisonInput) -> str:
    """The ingestion's servers and its worker; unknown without a sign of life from the worker.

    Unknown as well where the report speaks of trouble in a server that we do not observe.
    """
    servers, worker = checks_workers.ingestion_observed(inputs), checks_workers.edge_worker_observed(inputs)
    report = inputs.reports.ingestion
    is_partial = worker == UNKNOWN or (report is not None and checks_workers.has_unobserved_trouble(report))
    found = worst_status((servers, worker))
    return UNKNOWN if found == HEALTHY and is_partial else found


def sparse_reported(inputs: ComparisonInput) -> str:
    """Sparse embeddings are reported by the model's name that is stored beside them."""
    return (
        HEALTHY if inputs.observations.sparse is not None and inputs.observations.sparse.by_model else UNKNOWN
    )


def sparse_observed(inputs: ComparisonInput) -> str:
    """Sparse embeddings by what speaks against their origin."""
    looked_at = [evidence for evidence in inputs.observations.evidence if evidence.sampled]
    if any(evidence.suspect for evidence in looked_at):
        return DEGRADED
    return HEALTHY if looked_at else UNKNOWN


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
