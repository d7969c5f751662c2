"""PostgreSQL: what it has counted for each database."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge, Untyped
from exporter.sources import Sources

DATABASE_LABELS = ("datid", "datname")
OPEN_CONNECTIONS = Gauge(
    "pg_stat_database_numbackends",
    "Open connections to the database, without the exporter's own.",
    DATABASE_LABELS,
)
COUNTER_HELP = {
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
OTHERS_ONLY = (
    " since the statistics began; in the watched database by others, since the exporter began (counter)."
)
# counters, whose established names lack _total
DATABASE_COUNTERS = {
    name: Untyped(
        f"pg_stat_database_{name}",
        about + (OTHERS_ONLY if name.startswith("xact_") else " since the statistics began (counter)."),
        DATABASE_LABELS,
    )
    for name, about in COUNTER_HELP.items()
}
STATISTICS_METRICS = (OPEN_CONNECTIONS, *DATABASE_COUNTERS.values())


async def read_statistics(sources: Sources) -> Iterable[Metric]:
    """The counts of each database that the settings allow for, the backend's own first."""
    found = await sources.database.databases.answer()
    return (
        OPEN_CONNECTIONS.of((d.oid, d.name, d.connections) for d in found),
        *(
            metric.of((d.oid, d.name, d.counts[name]) for d in found)
            for name, metric in DATABASE_COUNTERS.items()
        ),
    )
