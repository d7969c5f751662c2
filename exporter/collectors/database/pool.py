"""How full the backend's connection pool is, against its real capacity."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge
from exporter.sources import Sources

CAPACITY = Gauge("ops_database_pool_capacity_connections", "Connections that the pool can lend at most.")
CHECKED_OUT = Gauge("ops_database_pool_checked_out_connections", "Connections lent to callers.")
IDLE = Gauge("ops_database_pool_idle_connections", "Open connections that nobody uses.")
OVERFLOW = Gauge("ops_database_pool_overflow_connections", "Connections opened beyond the pool's size.")
USE_RATIO = Gauge("ops_database_pool_use_ratio", "Connections lent, as a share of the real capacity.")
METRICS = (CAPACITY, CHECKED_OUT, IDLE, OVERFLOW, USE_RATIO)


async def read(sources: Sources) -> Iterable[Metric]:
    """The pool as the backend counts it; the ratio is ours, the backend's own is known to be wrong."""
    pool = (await sources.backend.pool.answer()).part("pool")
    capacity, lent = pool.number("total_capacity"), pool.number("checked_out")
    overflow = pool.number("overflow")
    return (
        CAPACITY.one(capacity),
        CHECKED_OUT.one(lent),
        IDLE.one(pool.number("checked_in")),
        # the backend's figure starts at minus the pool's size: only what is above zero is overflow
        OVERFLOW.one(None if overflow is None else max(overflow, 0.0)),
        USE_RATIO.one(lent / capacity if capacity and lent is not None else None),
    )
