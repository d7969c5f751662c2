"""Checks of the reports on modules, models, event bus, database, pool and cache: the other rows."""

from collections.abc import Iterable

from exporter.collectors.self_reports.comparison import Comparison, ComparisonInput
from exporter.collectors.self_reports.reports import NONEXISTENT
from exporter.sources.backend.app_counters import EventBus
from exporter.sources.backend.health import FAILED, VERIFIED, ModelReport
from exporter.status import DEGRADED, DOWN, HEALTHY, UNKNOWN


def compare_modules(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 2: every module is healthy, whatever its requests and its own health route say."""
    for view in inputs.observations.modules:
        report = inputs.backend.reported[view.name]
        yield Comparison(f"module {view.name}", view.reported, view.observed, report)


def compare_missing_module(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 2: even a module that does not exist is healthy."""
    yield Comparison("module that does not exist", inputs.reports.missing_module, NONEXISTENT)


def compare_models(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 8: a model is reported available because its file exists."""
    for model in inputs.reports.models:
        yield Comparison(f"model {model.name}", model_reported(model), model_observed(model))


def model_reported(model: ModelReport) -> str:
    """The model as reported."""
    return UNKNOWN if model.available is None else HEALTHY if model.available else DOWN


def model_observed(model: ModelReport) -> str:
    """The model by its last check; unknown if none ran."""
    return {VERIFIED: HEALTHY, FAILED: DOWN}.get(model.verification, UNKNOWN)


def compare_event_bus(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 10: no errors while each delivery takes half a minute."""
    if inputs.observations.bus is not None:
        yield Comparison("event bus", event_bus_reported(inputs.observations.bus), event_bus_observed(inputs))


def event_bus_reported(bus: EventBus) -> str:
    """The bus by the errors it counts."""
    if bus.errors is None:
        return UNKNOWN
    return HEALTHY if bus.errors == 0 else DEGRADED


def event_bus_observed(inputs: ComparisonInput) -> str:
    """The bus by the errors it counts and by how long its handlers take; an unused bus is unknown."""
    if inputs.observations.bus is None or inputs.observations.bus.handler_p95 is None:
        return UNKNOWN
    if inputs.observations.bus.handler_p95 > inputs.settings.backend.highest_quantile_seconds:
        return DEGRADED
    return event_bus_reported(inputs.observations.bus)


def compare_processes(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 14: counts of one process where several answer in turn."""
    if inputs.observations.bus is not None:
        yield Comparison(
            "event bus counts", "whole", "part" if inputs.observations.processes > 1 else "whole"
        )


def compare_slow_routes(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 16: connections are accepted without a response. Silence is no report: it contradicts nothing."""
    if inputs.observations.wedged is not None:
        state = "silent" if inputs.observations.wedged else "answering"
        yield Comparison("health routes", state, state)


def api_observed(inputs: ComparisonInput) -> str:
    """The API by whether it responds at all."""
    if inputs.observations.answers is None:
        return UNKNOWN
    return HEALTHY if inputs.observations.answers else DOWN


def compare_database(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 1: healthy while the database is stopped."""
    backend, observed = inputs.backend, inputs.observations.database
    yield Comparison("database", inputs.reports.database, observed, backend.database)
    yield Comparison("database in /health", inputs.reports.component("database"), observed, backend.health)


def compare_pool(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 7: a third in use while every connection is checked out."""
    pool, limit = inputs.reports.pool, inputs.settings.judgement.degraded_pool_ratio
    if pool is not None:
        reported, observed = pool_status(pool.reported_ratio, limit), pool_status(pool.ratio, limit)
        yield Comparison("database pool", reported, observed)


def pool_status(ratio: float | None, limit: float) -> str:
    """The status of a pool with this share of its connections checked out."""
    if ratio is None:
        return UNKNOWN
    return DOWN if ratio >= 1 else DEGRADED if ratio > limit else HEALTHY


def compare_cache(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 9: normal statistics while Redis is down."""
    yield Comparison("cache", inputs.reports.cache, inputs.observations.cache, inputs.backend.cache)


def compare_redis(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 15: Redis unavailable while it works."""
    yield Comparison(
        "redis", inputs.reports.component("redis"), redis_observed(inputs), inputs.backend.health
    )


def redis_observed(inputs: ComparisonInput) -> str:
    """Redis by our own PING to the cache, else to the broker, usually the same server."""
    if inputs.observations.cache != UNKNOWN or inputs.observations.broker is None:
        return inputs.observations.cache
    return HEALTHY if inputs.observations.broker.is_responding else DOWN


def compare_sparse_embeddings(inputs: ComparisonInput) -> Iterable[Comparison]:
    """Row 12: vectors with the name of a model that did not make them, confirmed by a second audit.

    Both statuses come from one audit, which runs rarely: the first may be of a past moment.
    """
    for evidence in inputs.observations.evidence:
        if evidence.sampled:
            observed = DEGRADED if evidence.suspect else HEALTHY
            again = inputs.database.embedding_audits
            yield Comparison(f"sparse embeddings {evidence.model}", HEALTHY, observed, again)
