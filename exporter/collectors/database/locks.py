"""PostgreSQL: locks that are held and locks that are waited for."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge, Untyped
from exporter.sources import Sources

COUNT = Untyped(
    "pg_locks_count", "Locks by database and mode, our own left out (gauge).", ("datname", "mode")
)
WAITING = Gauge("ops_database_lock_waiters", "Sessions' requests for a lock that wait for it.", ("datname",))
METRICS = (COUNT, WAITING)


async def read(sources: Sources) -> Iterable[Metric]:
    """The locks of all databases of the server."""
    locks = await sources.database.locks.answer()
    return (
        COUNT.of((*key, count) for key, count in locks.counts.items()),
        WAITING.of(locks.waiting.items()),
    )
