"""Polls the backend's database over small connections of the exporter's own."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from exporter.clock import steady_time
from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.settings_stores import DatabaseSettings
from exporter.sources.base import BaseSource
from exporter.sources.database.activity import Activity, LockCounts, read_activity, read_locks
from exporter.sources.database.databases import DatabaseCounts, DatabaseCountsReader
from exporter.sources.database.drivers import APPLICATION_NAME, DatabaseDriver, make_driver
from exporter.sources.database.embedding_audit import EmbeddingAudit, read_embedding_audits
from exporter.sources.database.engagement import CreatedCounts, Engagement, read_created, read_engagement
from exporter.sources.database.index_views import IndexStatistics, read_indexes
from exporter.sources.database.ping import DatabasePinger, PingResult
from exporter.sources.database.read_batcher import ReadBatcher
from exporter.sources.database.reader import DatabaseReader
from exporter.sources.database.recommendations import (
    Feedback,
    ModelEvaluation,
    read_evaluations,
    read_feedback,
)
from exporter.sources.database.resources import (
    EmbeddingCoverage,
    ResourceCounts,
    read_embedding_coverage,
    read_resources,
)
from exporter.sources.database.server_settings import ServerSetting, read_settings
from exporter.sources.database.server_views import read_identity, read_processes, read_server, read_wal
from exporter.sources.database.statements import Statement, StatementReader
from exporter.sources.database.tables import TableSizes, read_postgres_tables, read_sqlite_tables
from exporter.sources.database.transaction_counts import TransactionCounts
from exporter.sources.database.views import Views

T = TypeVar("T")
MAX_UNKNOWN_MODELS = 8  # models without a known vocabulary whose vectors are audited
MAX_QUEUED_READS = 9  # reads that may wait for one connection
UNBOUNDED = 86_400.0
PING_GRACE = 1.0  # seconds by which a ping may be late on a busy machine
# a server that hangs does no work for a ping, and its return must be seen soon
PING_COST_BACKOFF = 20.0
PING_READERS = ("ping", "second ping")


class DatabaseSource(BaseSource):
    """The pollers of the database; results are frozen dataclasses, None if the table is missing.

    Several connections, so that a slow read delays neither the ping nor PostgreSQL's statistics; the second
    ping connects only when the first times out.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self.settings = settings
        self.driver: DatabaseDriver | None = (
            make_driver(settings.url.get_secret_value()) if settings.url else None
        )
        self.dialect = self.driver.dialect if self.driver else None
        # a read of a file blocks the backend's writes
        most = settings.file_lock if self.dialect == "sqlite" else None
        self.readers: dict[str, DatabaseReader] = {}
        if self.driver is not None:
            ping = self.driver.for_ping()
            self.readers["ping"] = DatabaseReader("ping", ping, settings.timeout, most)
            self.readers["second ping"] = DatabaseReader("second ping", ping, settings.timeout, most)
            self.readers["statistics"] = DatabaseReader("statistics", self.driver, settings.timeout, most)
            self.readers["rows"] = DatabaseReader("rows", self.driver, settings.slow_timeout, most)
        self._pinger = DatabasePinger([self.readers[name] for name in PING_READERS if name in self.readers])
        self.ping: Poller[PingResult] = Poller(
            "database ping",
            self._pinger.ping if self.readers else None,
            # the readers have timeouts of their own, since they detect stalls of this process
            PollPolicy(UNBOUNDED, min_interval=settings.fast_period, max_cost_backoff=PING_COST_BACKOFF),
        )
        self._batchers: list[ReadBatcher] = []
        self._poll_statistics()
        self._poll_server()
        self._poll_tables()
        self._poll_rows()

    @property
    def own_transactions(self) -> dict[str, int]:
        """Our own transactions that a PostgreSQL server counts, by connection; a file counts none."""
        return {name: reader.transactions.total for name, reader in self.readers.items()}

    def last_ping(self) -> PingResult | None:
        """The last ping, until a timeout after it must have shown."""
        ping, own = self.ping, self.settings
        if ping.error is not None or ping.succeeded_at is None:
            return None
        lasts = own.fast_period + 2 * own.timeout + PING_GRACE
        return self._pinger.last if steady_time() - ping.succeeded_at < lasts else None

    def _poll_statistics(self) -> None:
        own = self.settings
        is_postgres = self.dialect == "postgresql"
        batcher = self._make_batcher("statistics", own.statistics_period) if is_postgres else None
        pace = PollPolicy(
            own.statistics_period + MAX_QUEUED_READS * own.timeout, interval=own.statistics_period
        )
        databases, statements = (
            DatabaseCountsReader(own.databases, self._own_transactions),
            StatementReader(own.statements, own.statement_text),
        )
        activity = partial(read_activity, long_transaction=own.long_transaction)
        self.activity: Poller[Activity] = make_poller("activity", activity, batcher, pace)
        self.databases: Poller[tuple[DatabaseCounts, ...]] = make_poller(
            "counts", databases.read, batcher, pace
        )
        self.locks: Poller[LockCounts] = make_poller("locks", read_locks, batcher, pace)
        self.statements: Poller[tuple[Statement, ...]] = make_poller(
            "statements", statements.read, batcher, pace
        )

        processes = partial(read_processes, own=APPLICATION_NAME)
        self.server: Poller[Views] = make_poller("server", read_server, batcher, pace)
        self.processes: Poller[Views] = make_poller("processes", processes, batcher, pace)

    def _poll_server(self) -> None:
        """What changes slowly, over the connection of the statistics: no read of it waits for a table."""
        own = self.settings
        batcher = self._make_batcher("statistics", own.period) if self.dialect == "postgresql" else None
        pace = PollPolicy(own.period + MAX_QUEUED_READS * own.timeout, interval=own.period)
        identity = partial(read_identity, databases=own.databases)
        self.identity: Poller[Views] = make_poller("identity", identity, batcher, pace)
        self.server_settings: Poller[tuple[ServerSetting, ...]] = make_poller(
            "settings", read_settings, batcher, pace
        )
        self.wal: Poller[Views] = make_poller("WAL", read_wal, batcher, pace)

    def _poll_tables(self) -> None:
        batcher, pace = self._table_batcher(self.settings.period)
        of_postgres = batcher if self.dialect == "postgresql" else None
        indexes = partial(read_indexes, indexes=self.settings.indexes)
        self.indexes: Poller[IndexStatistics] = make_poller("indexes", indexes, of_postgres, pace)
        self.tables: Poller[TableSizes] = make_poller("tables", self._read_tables, batcher, pace)
        self.resources: Poller[ResourceCounts | None] = make_poller(
            "resources", read_resources, batcher, pace
        )
        self.embedding_coverage: Poller[EmbeddingCoverage | None] = make_poller(
            "sparse embeddings", read_embedding_coverage, batcher, pace
        )

    def _poll_rows(self) -> None:
        batcher, pace = self._table_batcher(self.settings.rows_period)
        self.engagement: Poller[Engagement] = make_poller("users", read_engagement, batcher, pace)
        self.created: Poller[CreatedCounts] = make_poller("rows created", read_created, batcher, pace)
        self.feedback: Poller[Feedback | None] = make_poller("feedback", read_feedback, batcher, pace)
        self.evaluations: Poller[tuple[ModelEvaluation, ...]] = make_poller(
            "model versions", read_evaluations, batcher, pace
        )
        self.embedding_audits: Poller[tuple[EmbeddingAudit, ...]] = make_poller(
            "sparse vectors", self._read_embedding_audits, batcher, pace
        )

    async def close(self) -> None:
        """Close the connections, also stuck ones, and end their threads."""
        await asyncio.gather(*(batcher.close() for batcher in self._batchers))
        await asyncio.gather(*(reader.close() for reader in self.readers.values()))

    def _table_batcher(self, period: float) -> tuple[ReadBatcher | None, PollPolicy]:
        """The batcher for reads of tables at this period, and their poll policy."""
        pace = PollPolicy(
            period + MAX_QUEUED_READS * self.settings.slow_timeout,
            interval=period,
            backoff_base=1.0,
            max_backoff=15.0,
        )
        return self._make_batcher("rows", period), pace

    def _make_batcher(self, reader: str, period: float) -> ReadBatcher | None:
        """A batcher for this connection and period; None without a database."""
        if not self.readers:
            return None
        batcher = ReadBatcher(self.readers[reader], period, self.ping.get)
        self._batchers.append(batcher)
        return batcher

    def _own_transactions(self) -> TransactionCounts:
        """All our own transactions so far."""
        counts = [reader.transactions for reader in self.readers.values()]
        return TransactionCounts(sum(t.commits for t in counts), sum(t.rollbacks for t in counts))

    def _read_tables(self, connection: Connection) -> TableSizes:
        own = self.settings
        if self.driver is not None and self.driver.path is not None:
            return read_sqlite_tables(connection, self.driver.path, own.tables)
        return read_postgres_tables(connection, own.tables, own.databases)

    def _read_embedding_audits(self, connection: Connection) -> tuple[EmbeddingAudit, ...]:
        own = self.settings
        return read_embedding_audits(
            connection, own.sparse_sample, len(own.vocabularies) + MAX_UNKNOWN_MODELS, own.vocabularies
        )


def make_poller(
    name: str, read: Callable[[Connection], T], batcher: ReadBatcher | None, pace: PollPolicy
) -> Poller[T]:
    """A poller of a batched read; it is not configured without a batcher."""
    return Poller(f"database {name}", None if batcher is None else batcher.batched(read), pace)
