"""The components of the backend: what is reported of each, and what is observed."""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.collectors.self_reports import application, stores, work
from exporter.collectors.self_reports.sight import ComparisonInput
from exporter.status import DEGRADED, HEALTHY, UNKNOWN, worst


@dataclass(frozen=True)
class Component:
    """One component, and how its two statuses are found."""

    name: str
    reported: Callable[[ComparisonInput], str]
    observed: Callable[[ComparisonInput], str]


def api_reported(sight: ComparisonInput) -> str:
    """The API in the words of /health."""
    return sight.said.component("api")


def redis_reported(sight: ComparisonInput) -> str:
    """Redis in the words of /health."""
    return sight.said.component("redis")


def event_bus_reported(sight: ComparisonInput) -> str:
    """The event bus by the errors it counts."""
    return UNKNOWN if sight.seen.bus is None else application.event_bus_reported(sight.seen.bus)


def workers_observed(sight: ComparisonInput) -> str:
    """The workers and what becomes of their tasks."""
    return worst((work.workers_observed(sight), work.tasks_observed(sight)))


def models_reported(sight: ComparisonInput) -> str:
    """The worst of the models as reported."""
    return worst(map(application.model_reported, sight.said.models))


def models_observed(sight: ComparisonInput) -> str:
    """The worst of the models as checked, unknown while any of them was not."""
    found = list(map(application.model_observed, sight.said.models))
    state = worst(found)
    return UNKNOWN if state == HEALTHY and UNKNOWN in found else state


def ingestion_reported(sight: ComparisonInput) -> str:
    """The ingestion as its body says, and the edge worker as passed on."""
    return worst((UNKNOWN if sight.said.ingestion is None else sight.said.ingestion.status, sight.said.edge))


def ingestion_observed(sight: ComparisonInput) -> str:
    """The ingestion's servers and its worker; unknown without a sign of life from the worker.

    Unknown as well where the report speaks of trouble in a server that we do not observe.
    """
    servers, worker = work.ingestion_observed(sight), work.edge_worker_observed(sight)
    report = sight.said.ingestion
    is_partial = worker == UNKNOWN or (report is not None and work.has_unobserved_trouble(report))
    found = worst((servers, worker))
    return UNKNOWN if found == HEALTHY and is_partial else found


def sparse_reported(sight: ComparisonInput) -> str:
    """Sparse embeddings are reported by the model's name that is stored beside them."""
    return HEALTHY if sight.seen.sparse is not None and sight.seen.sparse.by_model else UNKNOWN


def sparse_observed(sight: ComparisonInput) -> str:
    """Sparse embeddings by what speaks against their origin."""
    looked_at = [evidence for evidence in sight.seen.evidence if evidence.sampled]
    if any(evidence.suspect for evidence in looked_at):
        return DEGRADED
    return HEALTHY if looked_at else UNKNOWN


COMPONENTS = (
    Component("api", api_reported, application.api_observed),
    Component("database", lambda sight: sight.said.database, lambda sight: sight.seen.database),
    Component("redis", redis_reported, stores.redis_observed),
    Component("cache", lambda sight: sight.said.cache, lambda sight: sight.seen.cache),
    Component("workers", work.workers_reported, workers_observed),
    Component("event_bus", event_bus_reported, application.event_bus_observed),
    Component("models", models_reported, models_observed),
    Component("ingestion", ingestion_reported, ingestion_observed),
    Component("sparse_embeddings", sparse_reported, sparse_observed),
)
