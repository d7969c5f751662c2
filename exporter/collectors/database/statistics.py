"""PostgreSQL: what it has counted for each database."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge, Untyped
from exporter.sources import Sources

OF_DATABASE = ("datid", "datname")
OPEN = Gauge(
    "pg_stat_database_numbackends",
    "Open connections to the database, without the exporter's own.",
    OF_DATABASE,
)
COUNTED = {
    "xact_commit": "Transactions committed",
    "xact_rollback": "Transactions rolled back",
    "blks_read": "Blocks read from disk",
    "blks_hit": "Blocks found in the server's cache",
    "tup_returned": "Rows read by scans",
    "tup_fetched": "Rows fetched by index scans",
    "tup_inserted": "Rows inserted",
    "tup_updated": "Rows updated",
    "tup_deleted": "Rows deleted",
    "conflicts": "Queries cancelled by conflicts with recovery",
    "temp_files": "Temporary files written by queries",
    "temp_bytes": "Bytes written to temporary files",
    "deadlocks": "Deadlocks",
}
OTHERS = " since the statistics began; in the watched database by others, since the exporter began (counter)."
# counters, whose established names lack _total
COUNTS = {
    name: Untyped(
        f"pg_stat_database_{name}",
        about + (OTHERS if name.startswith("xact_") else " since the statistics began (counter)."),
        OF_DATABASE,
    )
    for name, about in COUNTED.items()
}
METRICS = (OPEN, *COUNTS.values())


async def read(sources: Sources) -> Iterable[Metric]:
    """The counts of each database that the settings allow for, the backend's own first."""
    found = await sources.database.databases.answer()
    return (
        OPEN.of((d.oid, d.name, d.connections) for d in found),
        *(metric.of((d.oid, d.name, d.counts[name]) for d in found) for name, metric in COUNTS.items()),
    )
