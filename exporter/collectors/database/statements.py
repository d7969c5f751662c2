"""PostgreSQL: the statements that take most time, where pg_stat_statements is installed."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Counter
from exporter.sources import Sources

OF_STATEMENT = ("user", "datname", "queryid")
CALLS = Counter("pg_stat_statements_calls_total", "Calls of the statement.", OF_STATEMENT)
SECONDS = Counter("pg_stat_statements_seconds_total", "Time spent in the statement.", OF_STATEMENT)
ROWS = Counter("pg_stat_statements_rows_total", "Rows that the statement gave or changed.", OF_STATEMENT)
METRICS = (CALLS, SECONDS, ROWS)


async def read(sources: Sources) -> Iterable[Metric]:
    """The top statements of the backend's database; nothing where the extension is not installed."""
    found = await sources.database.statements.answer()
    return (
        CALLS.of((s.user, s.database, s.query, s.calls) for s in found),
        SECONDS.of((s.user, s.database, s.query, s.seconds) for s in found),
        ROWS.of((s.user, s.database, s.query, s.rows) for s in found),
    )
