"""PostgreSQL: how many bytes each database of the server takes."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import label
from exporter.errors import Refused
from exporter.metrics import Gauge
from exporter.sources import Sources

DATABASE_SIZE = Gauge("pg_database_size_bytes", "Bytes of each database of the server.", ("datname",))
SIZES_METRICS = (DATABASE_SIZE,)


async def read_sizes(sources: Sources) -> Iterable[Metric]:
    """The sizes as they were found in the background. Raises Refused where some are hidden."""
    tables = await sources.database.tables.answer()
    hidden = [name for name, size in tables.database_sizes.items() if size is None]
    if hidden:
        raise Refused(
            f"database hides the size of {len(hidden)} databases, {label(hidden[0])} among them; "
            f"GRANT pg_monitor TO {tables.role}, or CONNECT on each of them"
        )
    return (DATABASE_SIZE.of(tables.database_sizes.items()),)
