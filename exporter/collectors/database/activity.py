"""PostgreSQL: who is connected, against what the server allows, and which transactions last too long."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from prometheus_client import Metric

from exporter.bounds import OTHER, label
from exporter.metrics import Gauge, Untyped
from exporter.sources import Sources
from exporter.sources.database.activity import Activity

OF_SESSION = ("datname", "state", "usename", "application_name", "wait_event_type")
COUNT = Untyped(
    "pg_stat_activity_count",
    "Client sessions by what they are and do, without the exporter's own (gauge).",
    OF_SESSION,
)
LONGEST = Gauge(
    "pg_stat_activity_max_tx_duration",
    "Age in seconds of the oldest open transaction of these client sessions.",
    OF_SESSION,
)
MOST = Gauge("pg_settings_max_connections", "Connections that the server allows.")
RESERVED = Gauge(
    "pg_settings_superuser_reserved_connections", "Connections of those that only superusers may use."
)
LONG = Gauge(
    "pg_long_running_transactions",
    "Client transactions open longer than the settings' database.long_transaction.",
)
OLDEST = Gauge(
    "pg_long_running_transactions_oldest_age_seconds",
    "Age of the oldest of those transactions, 0 where there is none.",
)
OWN = Gauge("ops_database_own_connections", "Connections of the exporter itself, which all else leaves out.")
METRICS = (COUNT, LONGEST, MOST, RESERVED, LONG, OLDEST, OWN)

STATES = (
    "active", "idle", "idle in transaction", "idle in transaction (aborted)", "fastpath function call",
    "disabled",
)  # fmt: skip
GROUPS = 40
Key = tuple[str, ...]


async def read(sources: Sources) -> Iterable[Metric]:
    """The sessions of all clients of the server but our own."""
    activity = await sources.database.activity.answer()
    counts, ages = grouped(activity)
    return (
        COUNT.of((*key, count) for key, count in counts.items()),
        LONGEST.of((*key, age) for key, age in ages.items()),
        MOST.one(activity.most_connections),
        RESERVED.one(activity.reserved_connections),
        LONG.one(activity.long_transactions),
        OLDEST.one(activity.oldest_long_transaction),
        OWN.one(activity.own_connections),
    )


def grouped(activity: Activity) -> tuple[dict[Key, float], dict[Key, float]]:
    """Counts and oldest ages of the biggest groups; smaller ones together, under their state.

    Every state of the backend's own database is there, also with no session.
    """
    counts: dict[Key, float] = defaultdict(float)
    ages: dict[Key, float] = {}
    for place, group in enumerate(activity.sessions):
        names = (group.user, group.application, group.wait) if place < GROUPS else (OTHER,) * 3
        database = group.database if place < GROUPS or group.database == activity.database else OTHER
        key = tuple(map(label, (database, group.state, *names)))
        counts[key] += group.count
        if group.oldest is not None:
            ages[key] = max(group.oldest, ages.get(key, 0.0))
    seen = {key[1] for key in counts if key[0] == activity.database}
    counts |= dict(empty(activity.database, set(STATES) - seen))
    return counts, ages


def empty(database: str, states: set[str]) -> Iterator[tuple[Key, float]]:
    """The states in which there is nobody."""
    return (((database, state, "", "", ""), 0.0) for state in sorted(states))
