"""PostgreSQL's own statistics: sessions, counts by database, locks, statements."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from prometheus_client import Metric

from exporter.cardinality import OTHER, sanitize_label
from exporter.metrics import Counter, Gauge, PlainCounter
from exporter.sources import Sources
from exporter.sources.database.activity import Activity

SESSION_LABELS = (
    "datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event",
)  # fmt: skip
SESSIONS = Gauge(
    "pg_stat_activity_count",
    "Client sessions by database, state, user, application and wait event, without our own.",
    SESSION_LABELS,
)
MAX_TRANSACTION_AGE = Gauge(
    "pg_stat_activity_max_tx_duration",
    "Age in seconds of the oldest open transaction of these client sessions, 0 where none is open.",
    SESSION_LABELS,
)
MAX_CONNECTIONS = Gauge("pg_settings_max_connections", "Maximum number of connections of the server.")
RESERVED_CONNECTIONS = Gauge(
    "pg_settings_superuser_reserved_connections", "Connections reserved for superusers."
)
LONG_TRANSACTIONS = Gauge(
    "pg_long_running_transactions",
    "Client transactions open longer than the settings' database.long_transaction.",
)
OLDEST_LONG_TRANSACTION = Gauge(
    "pg_long_running_transactions_oldest_age_seconds",
    "Age of the oldest of those transactions, 0 where there is none.",
)
OWN_CONNECTIONS = Gauge(
    "ops_database_own_connections", "The exporter's own connections, which the other metrics exclude."
)
ACTIVITY_METRICS = (
    SESSIONS,
    MAX_TRANSACTION_AGE,
    MAX_CONNECTIONS,
    RESERVED_CONNECTIONS,
    LONG_TRANSACTIONS,
    OLDEST_LONG_TRANSACTION,
    OWN_CONNECTIONS,
)

SESSION_STATES = (
    "active", "idle", "idle in transaction", "idle in transaction (aborted)", "fastpath function call",
    "disabled",
)  # fmt: skip
NO_CLIENT = ("", "", "client backend", "", "")
MAX_SESSION_GROUPS = 40
SessionKey = tuple[str, ...]


async def read_activity(sources: Sources) -> Iterable[Metric]:
    """The sessions of all clients of the server except our own."""
    activity = await sources.database.activity.get()
    counts, ages = group_sessions(activity)
    counts |= dict.fromkeys(empty_states(activity, counts), 0.0)
    return (
        SESSIONS.family((*key, count) for key, count in counts.items()),
        MAX_TRANSACTION_AGE.family((*key, age) for key, age in ages.items()),
        MAX_CONNECTIONS.single(activity.max_connections),
        RESERVED_CONNECTIONS.single(activity.reserved_connections),
        LONG_TRANSACTIONS.single(activity.long_transactions),
        OLDEST_LONG_TRANSACTION.single(activity.oldest_long_transaction),
        OWN_CONNECTIONS.single(activity.own_connections),
    )


def group_sessions(activity: Activity) -> tuple[dict[SessionKey, float], dict[SessionKey, float]]:
    """Counts and oldest ages of the biggest groups; smaller ones together, under their state."""
    counts: dict[SessionKey, float] = defaultdict(float)
    ages: dict[SessionKey, float] = {}
    for place, group in enumerate(activity.sessions):
        is_named = place < MAX_SESSION_GROUPS
        client = (group.user, group.application) if is_named else (OTHER, OTHER)
        waits = (group.wait, group.event) if is_named else (OTHER, OTHER)
        database = group.database if is_named or group.database == activity.database else OTHER
        key = tuple(map(sanitize_label, (database, group.state, *client, group.backend, *waits)))
        counts[key] += group.count
        ages[key] = max(group.oldest_transaction or 0.0, ages.get(key, 0.0))
    return counts, ages


async def read_empty_states(sources: Sources) -> Iterable[Metric]:
    """An age of 0 for each state without any session, as postgres_exporter has it."""
    activity = await sources.database.activity.get()
    counts, _ = group_sessions(activity)
    return (MAX_TRANSACTION_AGE.family((*key, 0.0) for key in empty_states(activity, counts)),)


def empty_states(activity: Activity, groups: Iterable[SessionKey]) -> Iterator[SessionKey]:
    """The states of the backend's own database that none of these groups of sessions is in."""
    present = {key[1] for key in groups if key[0] == activity.database}
    return ((activity.database, state, *NO_CLIENT) for state in SESSION_STATES if state not in present)


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
OTHERS_ONLY = " since the statistics began; in the watched database by others, since the exporter began."
DATABASE_COUNTERS = {
    name: PlainCounter(
        f"pg_stat_database_{name}",
        about + (OTHERS_ONLY if name.startswith("xact_") else " since the statistics began."),
        DATABASE_LABELS,
    )
    for name, about in COUNTER_HELP.items()
}
STATISTICS_METRICS = (OPEN_CONNECTIONS, *DATABASE_COUNTERS.values())


async def read_statistics(sources: Sources) -> Iterable[Metric]:
    """The counts of each database, the backend's own first, up to the limit of the settings."""
    found = await sources.database.databases.get()
    return (
        OPEN_CONNECTIONS.family((d.oid, d.name, d.connections) for d in found),
        *(
            metric.family((d.oid, d.name, d.counts[name]) for d in found)
            for name, metric in DATABASE_COUNTERS.items()
        ),
    )


LOCKS = Gauge("pg_locks_count", "Locks by database and mode, without our own.", ("datname", "mode"))
LOCK_WAITERS = Gauge("ops_database_lock_waiters", "Lock requests that are waiting.", ("datname",))
LOCKS_METRICS = (LOCKS, LOCK_WAITERS)


async def read_locks(sources: Sources) -> Iterable[Metric]:
    """The locks of all databases of the server."""
    locks = await sources.database.locks.get()
    return (
        LOCKS.family((*key, count) for key, count in locks.counts.items()),
        LOCK_WAITERS.family(locks.waiting.items()),
    )


STATEMENT_LABELS = ("user", "datname", "queryid")
STATEMENT_CALLS = Counter("pg_stat_statements_calls_total", "Calls of the statement.", STATEMENT_LABELS)
STATEMENT_SECONDS = Counter(
    "pg_stat_statements_seconds_total", "Time spent in the statement.", STATEMENT_LABELS
)
STATEMENT_ROWS = Counter(
    "pg_stat_statements_rows_total", "Rows that the statement returned or changed.", STATEMENT_LABELS
)
STATEMENT_TEXT = PlainCounter(
    "pg_stat_statements_query_id",
    "Text of the statement without values, where database.statement_text is set; always 1.",
    ("queryid", "query"),
)
STATEMENTS_METRICS = (STATEMENT_CALLS, STATEMENT_SECONDS, STATEMENT_ROWS, STATEMENT_TEXT)


async def read_statements(sources: Sources) -> Iterable[Metric]:
    """The top statements of the backend's database; nothing where the extension is not installed."""
    found = await sources.database.statements.get()
    return (
        STATEMENT_CALLS.family((s.user, s.database, s.query, s.calls) for s in found),
        STATEMENT_SECONDS.family((s.user, s.database, s.query, s.seconds) for s in found),
        STATEMENT_ROWS.family((s.user, s.database, s.query, s.rows) for s in found),
        STATEMENT_TEXT.family(sorted({(s.query, sanitize_label(s.text, 400), 1.0) for s in found if s.text})),
    )
