"""Checks of the reports on modules, models, event bus, database, pool and cache: the other rows."""

from collections.abc import Iterable

from exporter.collectors.self_reports.comparison import Comparison, ComparisonInput
from exporter.collectors.self_reports.reports import NONEXISTENT
from exporter.sources.backend.app_counters import EventBus
from exporter.sources.backend.health import FAILED, VERIFIED, ModelReport
from exporter.status import DEGRADED, DOWN, HEALTHY, UNKNOWN


def compare_modules(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 2: every module is healthy, whatever its requests and its own health route say."""
    for view in sight.seen.modules:
        report = sight.backend.reported[view.name]
        yield Comparison(f"module {view.name}", view.reported, view.observed, report)


def compare_missing_module(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 2: even a module that does not exist is healthy."""
    yield Comparison("module that does not exist", sight.said.no_module, NONEXISTENT)


def compare_models(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 8: a file that exists is an available model."""
    for model in sight.said.models:
        yield Comparison(f"model {model.name}", model_reported(model), model_observed(model))


def model_reported(model: ModelReport) -> str:
    """The model as reported."""
    return UNKNOWN if model.available is None else HEALTHY if model.available else DOWN


def model_observed(model: ModelReport) -> str:
    """The model as a check found it; one that was never checked is unknown."""
    return {VERIFIED: HEALTHY, FAILED: DOWN}.get(model.verified, UNKNOWN)


def compare_event_bus(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 10: no errors while each delivery takes half a minute."""
    if sight.seen.bus is not None:
        yield Comparison("event bus", event_bus_reported(sight.seen.bus), event_bus_observed(sight))


def event_bus_reported(bus: EventBus) -> str:
    """The bus by the errors it counts."""
    if bus.errors is None:
        return UNKNOWN
    return HEALTHY if bus.errors == 0 else DEGRADED


def event_bus_observed(sight: ComparisonInput) -> str:
    """The bus by the errors it counts and by how long its handlers take; an unused bus is unknown."""
    if sight.seen.bus is None or sight.seen.bus.slow_handling is None:
        return UNKNOWN
    if sight.seen.bus.slow_handling > sight.settings.backend.highest_quantile_seconds:
        return DEGRADED
    return event_bus_reported(sight.seen.bus)


def compare_processes(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 14: counts of one process where several answer in turn."""
    if sight.seen.bus is not None:
        yield Comparison("event bus counts", "whole", "part" if sight.seen.processes > 1 else "whole")


def compare_slow_routes(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 16: connections are taken and nothing is answered. Silence is no report: it contradicts nothing."""
    if sight.seen.wedged is not None:
        state = "silent" if sight.seen.wedged else "answering"
        yield Comparison("health routes", state, state)


def api_observed(sight: ComparisonInput) -> str:
    """The API by whether it answers us at all and on its slow routes."""
    if sight.seen.answers is None:
        return UNKNOWN
    return HEALTHY if sight.seen.answers else DOWN


def compare_database(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 1: healthy while the database is stopped."""
    backend, observed = sight.backend, sight.seen.database
    yield Comparison("database", sight.said.database, observed, backend.database)
    yield Comparison("database in /health", sight.said.component("database"), observed, backend.health)


def compare_pool(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 7: a third in use while every connection is lent."""
    if sight.said.pool is None:
        return
    said = sight.said.pool.part("pool")
    percent, lent = said.number("utilization_percent"), said.number("checked_out")
    capacity = said.number("total_capacity")
    limit = sight.settings.judgement.degraded_pool_ratio
    reported = None if percent is None else percent / 100
    observed = lent / capacity if lent is not None and capacity else None
    yield Comparison("database pool", pool_status(reported, limit), pool_status(observed, limit))


def pool_status(ratio: float | None, limit: float) -> str:
    """The status of something of which this share is used up."""
    if ratio is None:
        return UNKNOWN
    return DOWN if ratio >= 1 else DEGRADED if ratio > limit else HEALTHY


def compare_cache(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 9: statistics as ever while Redis is down."""
    yield Comparison("cache", sight.said.cache, sight.seen.cache, sight.backend.cache)


def compare_redis(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 15: Redis unavailable while it works."""
    yield Comparison("redis", sight.said.component("redis"), redis_observed(sight), sight.backend.health)


def redis_observed(sight: ComparisonInput) -> str:
    """Redis by our own PING to the cache, else to the broker, which is the same server as a rule."""
    if sight.seen.cache != UNKNOWN or sight.seen.broker is None:
        return sight.seen.cache
    return HEALTHY if sight.seen.broker.answers else DOWN


def compare_sparse_embeddings(sight: ComparisonInput) -> Iterable[Comparison]:
    """Row 12: vectors that carry the name of a model that did not make them, also at a second look.

    Both words come from one reading of rows, which is made seldom: the first may be of a moment that is over.
    """
    for evidence in sight.seen.evidence:
        if evidence.sampled:
            observed = DEGRADED if evidence.suspect else HEALTHY
            again = sight.database.evidence
            yield Comparison(f"sparse embeddings {evidence.model}", HEALTHY, observed, again)
