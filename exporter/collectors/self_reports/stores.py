"""Reports on the database, its pool, the cache and what is stored: rows 1, 7, 9, 12 and 15."""

from collections.abc import Iterable

from exporter.collectors.self_reports.row import Comparison
from exporter.collectors.self_reports.sight import ComparisonInput
from exporter.status import DEGRADED, DOWN, HEALTHY, UNKNOWN


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
