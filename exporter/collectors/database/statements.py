"""PostgreSQL: the statements that take most time, where pg_stat_statements is installed."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Counter
from exporter.sources import Sources

STATEMENT_LABELS = ("user", "datname", "queryid")
STATEMENT_CALLS = Counter("pg_stat_statements_calls_total", "Calls of the statement.", STATEMENT_LABELS)
STATEMENT_SECONDS = Counter(
    "pg_stat_statements_seconds_total", "Time spent in the statement.", STATEMENT_LABELS
)
STATEMENT_ROWS = Counter(
    "pg_stat_statements_rows_total", "Rows that the statement gave or changed.", STATEMENT_LABELS
)
STATEMENTS_METRICS = (STATEMENT_CALLS, STATEMENT_SECONDS, STATEMENT_ROWS)


async def read_statements(sources: Sources) -> Iterable[Metric]:
    """The top statements of the backend's database; nothing where the extension is not installed."""
    found = await sources.database.statements.answer()
    return (
        STATEMENT_CALLS.of((s.user, s.database, s.query, s.calls) for s in found),
        STATEMENT_SECONDS.of((s.user, s.database, s.query, s.seconds) for s in found),
        STATEMENT_ROWS.of((s.user, s.database, s.query, s.rows) for s in found),
    )
