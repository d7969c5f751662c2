"""How full the backend's connection pool is, against its real capacity."""

from collections.abc import Iterable
from contextlib import suppress

from prometheus_client import Metric

from exporter.errors import SourceError
from exporter.metrics import Gauge
from exporter.sources import Sources

POOL_CAPACITY = Gauge("ops_database_pool_capacity_connections", "Connections that the pool can lend at most.")
POOL_CHECKED_OUT = Gauge("ops_database_pool_checked_out_connections", "Connections lent to callers.")
POOL_IDLE = Gauge("ops_database_pool_idle_connections", "Open connections that nobody uses.")
POOL_OVERFLOW = Gauge("ops_database_pool_overflow_connections", "Connections opened beyond the pool's size.")
POOL_USE_RATIO = Gauge("ops_database_pool_use_ratio", "Connections lent, as a share of the real capacity.")
POOL_METRICS = (POOL_CAPACITY, POOL_CHECKED_OUT, POOL_IDLE, POOL_OVERFLOW, POOL_USE_RATIO)


async def read_pool(sources: Sources) -> Iterable[Metric]:
    """The pool as the backend counts it; the ratio is ours, the backend's own is known to be wrong."""
    with suppress(SourceError):
        # requests in flight there have the pool polled at once, so that this scrape shows it already
        await sources.backend.totals.answer()
    pool = (await sources.backend.pool.answer()).part("pool")
    capacity, lent = pool.number("total_capacity"), pool.number("checked_out")
    overflow = pool.number("overflow")
    return (
        POOL_CAPACITY.one(capacity),
        POOL_CHECKED_OUT.one(lent),
        POOL_IDLE.one(pool.number("checked_in")),
        # the backend's figure starts at minus the pool's size: only what is above zero is overflow
        POOL_OVERFLOW.one(None if overflow is None else max(overflow, 0.0)),
        POOL_USE_RATIO.one(lent / capacity if capacity and lent is not None else None),
    )
