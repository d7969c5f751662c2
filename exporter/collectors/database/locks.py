"""PostgreSQL: locks that are held and locks that are waited for."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge, Untyped
from exporter.sources import Sources

LOCKS = Untyped(
    "pg_locks_count", "Locks by database and mode, our own left out (gauge).", ("datname", "mode")
)
LOCK_WAITERS = Gauge(
    "ops_database_lock_waiters", "Sessions' requests for a lock that wait for it.", ("datname",)
)
LOCKS_METRICS = (LOCKS, LOCK_WAITERS)


async def read_locks(sources: Sources) -> Iterable[Metric]:
    """The locks of all databases of the server."""
    locks = await sources.database.locks.answer()
    return (
        LOCKS.of((*key, count) for key, count in locks.counts.items()),
        LOCK_WAITERS.of(locks.waiting.items()),
    )
