"""PostgreSQL's counters for each database of the server, without the exporter's own share."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from exporter.sources.database.drivers import APPLICATION_NAME
from exporter.sources.database.transaction_counts import TransactionCounts

MAX_STATISTICS_DELAY = 10.0  # seconds by which the server may show the exporter's own transactions late
COUNTERS = (
    "xact_commit", "xact_rollback", "blks_read", "blks_hit", "tup_returned", "tup_fetched", "tup_inserted",
    "tup_updated", "tup_deleted", "conflicts", "temp_files", "temp_bytes", "deadlocks",
)  # fmt: skip
# the watched database first, then the oldest: a stable order, so that no counter comes and goes
DATABASES = text(
    f"""
    SELECT datid::text, datname,
           numbackends - (SELECT count(*) FROM pg_stat_activity a
                          WHERE a.datid = s.datid AND a.application_name = :own),
           datname = current_database(), coalesce(extract(epoch FROM stats_reset), 0), {", ".join(COUNTERS)}
    FROM pg_stat_database s JOIN pg_database d USING (datname) WHERE NOT d.datistemplate
    ORDER BY datname = current_database() DESC, s.datid LIMIT :databases
    """  # noqa: S608  (the columns are named above)
)


class OtherClientsCounter:
    """Counts what other clients have added since the start; it never falls.

    The server shows additions late, so the counter waits while a difference shrinks. What cannot be
    attributed, around the start and a reset, counts as the exporter's own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._before = 0.0  # of others, up to the last reset
        self._since = 0.0  # of others, since then
        self._base: float | None = None  # the server's count at the start, 0 after a reset
        self._own_base = 0
        self._last = 0.0
        self._reset = 0.0
        self._own: deque[tuple[float, int]] = deque()  # recent own counts by time

    def update(self, total: float, own: int, reset: float) -> float:
        """The additions of others in the server's `total`; `own` is ours, `reset` the last reset's time."""
        if self._base is None:
            self._base = total
        elif total < self._last or reset != self._reset:
            self._before, self._since = self._before + self._since, 0.0
            self._base, self._own_base = 0.0, self._own[0][1]
        self._last, self._reset = total, reset
        self._record_own(own)
        self._since = max(self._since, total - self._base - (own - self._own_base))
        return self._before + self._since

    def _record_own(self, own: int) -> None:
        now = self._clock()
        self._own.append((now, own))
        while len(self._own) > 1 and self._own[1][0] <= now - MAX_STATISTICS_DELAY:
            self._own.popleft()


@dataclass(frozen=True)
class DatabaseCounts:
    """One database: connections of other clients, and its counters.

    Transactions of the watched database are those of other clients since the exporter started.
    """

    oid: str
    name: str
    connections: float
    counts: Mapping[str, float]


class DatabaseCountsReader:
    """Reads the counters of `databases` databases at most; `own` returns our own transactions so far."""

    def __init__(self, databases: int, own: Callable[[], TransactionCounts]) -> None:
        self._databases = databases
        self._own = own
        self._commits, self._rollbacks = OtherClientsCounter(), OtherClientsCounter()

    def read(self, connection: Connection) -> tuple[DatabaseCounts, ...]:
        """The counters, those of the watched database first."""
        own = self._own()  # before the server's, which may then include one transaction more, never one less
        rows = connection.execute(DATABASES, {"own": APPLICATION_NAME, "databases": self._databases}).all()
        found = []
        for oid, name, open_now, is_ours, reset, *values in rows:
            counts = dict(zip(COUNTERS, map(float, values), strict=True))
            if is_ours:
                counts["xact_commit"] = self._commits.update(counts["xact_commit"], own.commits, float(reset))
                counts["xact_rollback"] = self._rollbacks.update(
                    counts["xact_rollback"], own.rollbacks, float(reset)
                )
            found.append(DatabaseCounts(oid, name, max(float(open_now), 0.0), counts))
        return tuple(found)
