"""What is asked of the backend's database, over small connections of the exporter's own."""

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
from exporter.sources.database.activity import Activity, read_activity
from exporter.sources.database.databases import DatabaseCounts, DatabaseCountsReader
from exporter.sources.database.drivers import DatabaseDriver, make_driver
from exporter.sources.database.embedding_audit import EmbeddingAudit
from exporter.sources.database.engagement import CreatedCounts, Engagement, read_created, read_engagement
from exporter.sources.database.evaluations import ModelEvaluation, read_evaluations
from exporter.sources.database.ping import Pinger, PingResult
from exporter.sources.database.postgres_connection import TransactionCounts
from exporter.sources.database.postgres_locks import LockCounts, read_locks
from exporter.sources.database.postgres_tables import read_postgres_tables
from exporter.sources.database.read_batcher import ReadBatcher
from exporter.sources.database.reader import DatabaseReader
from exporter.sources.database.recommendations import Feedback, read_feedback
from exporter.sources.database.resources import ResourceCounts, read_resources
from exporter.sources.database.sparse import EmbeddingCoverage, read_embedding_coverage
from exporter.sources.database.sparse_sample import read_embedding_audits
from exporter.sources.database.sqlite_tables import read_sqlite_tables
from exporter.sources.database.statements import Statement, StatementReader
from exporter.sources.database.tables import TableSizes

T = TypeVar("T")
MAX_QUEUED_READS = 8  # readings of one link can wait for each other
UNBOUNDED = 86_400.0
PING_GRACE = 1.0  # seconds by which a ping and its verdict may be late on a busy machine
PING_READERS = ("ping", "second ping")


class DatabaseSource(BaseSource):
    """The questions put to the database; answers are frozen dataclasses, None where the table is missing.

    Links of their own, so that a slow reading holds up neither the ping nor PostgreSQL's statistics; the
    second ping is connected only while the first meets silence.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self.settings = settings
        self.driver: DatabaseDriver | None = (
            make_driver(settings.url.get_secret_value()) if settings.url else None
        )
        self.dialect = self.driver.dialect if self.driver else None
        # of a file our reading would stop the backend's writing
        most = settings.file_lock if self.dialect == "sqlite" else None
        self.readers: dict[str, DatabaseReader] = {}
        if self.driver is not None:
            ping = self.driver.for_ping()
            self.readers["ping"] = DatabaseReader("ping", ping, settings.timeout, most)
            self.readers["second ping"] = DatabaseReader("second ping", ping, settings.timeout, most)
            self.readers["statistics"] = DatabaseReader("statistics", self.driver, settings.timeout, most)
            self.readers["rows"] = DatabaseReader("rows", self.driver, settings.slow_timeout, most)
        self._pinger = Pinger([self.readers[name] for name in PING_READERS if name in self.readers])
        self.ping: Poller[PingResult] = Poller(
            "database ping",
            self._pinger.ping if self.readers else None,
            # the links bound it themselves, since they know when we ourselves were late
            PollPolicy(UNBOUNDED, min_interval=settings.fast_period),
        )
        self._batchers: list[ReadBatcher] = []
        self._poll_statistics()
        self._poll_tables()
        self._poll_rows()

    @property
    def own_transactions(self) -> dict[str, int]:
        """Transactions of ours that a PostgreSQL server has counted, by link; of a file none are."""
        return {name: link.transactions.total for name, link in self.readers.items()}

    def last_ping(self) -> PingResult | None:
        """The last answer to a ping, for as long as a silence after it may still have to be checked."""
        ping, own = self.ping, self.settings
        if ping.error is not None or ping.succeeded_at is None:
            return None
        lasts = own.fast_period + 2 * own.timeout + PING_GRACE
        return self._pinger.last if steady_time() - ping.succeeded_at < lasts else None

    def _poll_statistics(self) -> None:
        own = self.settings
        is_postgres = self.dialect == "postgresql"
        group = self._make_batcher("statistics", own.statistics_period) if is_postgres else None
        pace = PollPolicy(
            own.statistics_period + MAX_QUEUED_READS * own.timeout, interval=own.statistics_period
        )
        databases, statements = (
            DatabaseCountsReader(own.databases, self._own_transactions),
            StatementReader(own.statements),
        )
        activity = partial(read_activity, long_transaction=own.long_transaction)
        self.activity: Poller[Activity] = make_poller("activity", activity, group, pace)
        self.databases: Poller[tuple[DatabaseCounts, ...]] = make_poller(
            "counts", databases.read, group, pace
        )
        self.locks: Poller[LockCounts] = make_poller("locks", read_locks, group, pace)
        self.statements: Poller[tuple[Statement, ...]] = make_poller(
            "statements", statements.read, group, pace
        )

    def _poll_tables(self) -> None:
        group, pace = self._table_batcher(self.settings.period)
        self.tables: Poller[TableSizes] = make_poller("tables", self._read_tables, group, pace)
        self.resources: Poller[ResourceCounts | None] = make_poller("resources", read_resources, group, pace)
        self.embedding_coverage: Poller[EmbeddingCoverage | None] = make_poller(
            "sparse embeddings", read_embedding_coverage, group, pace
        )

    def _poll_rows(self) -> None:
        group, pace = self._table_batcher(self.settings.rows_period)
        self.engagement: Poller[Engagement] = make_poller("users", read_engagement, group, pace)
        self.created: Poller[CreatedCounts] = make_poller("rows created", read_created, group, pace)
        self.feedback: Poller[Feedback | None] = make_poller("feedback", read_feedback, group, pace)
        self.evaluations: Poller[tuple[ModelEvaluation, ...]] = make_poller(
            "model versions", read_evaluations, group, pace
        )
        self.embedding_audits: Poller[tuple[EmbeddingAudit, ...]] = make_poller(
            "sparse vectors", self._read_embedding_audits, group, pace
        )

    async def close(self) -> None:
        """Close the connections, also those that are stuck, and end their threads."""
        await asyncio.gather(*(group.close() for group in self._batchers))
        await asyncio.gather(*(link.close() for link in self.readers.values()))

    def _table_batcher(self, period: float) -> tuple[ReadBatcher | None, PollPolicy]:
        """Those who read tables at this period, and their pace."""
        pace = PollPolicy(
            period + MAX_QUEUED_READS * self.settings.slow_timeout,
            interval=period,
            backoff_base=1.0,
            max_backoff=15.0,
        )
        return self._make_batcher("rows", period), pace

    def _make_batcher(self, link: str, period: float) -> ReadBatcher | None:
        """What is read over this link at this period; None without a database."""
        if not self.readers:
            return None
        group = ReadBatcher(self.readers[link], period, self.ping.get)
        self._batchers.append(group)
        return group

    def _own_transactions(self) -> TransactionCounts:
        """All transactions of ours so far."""
        tallies = [link.transactions for link in self.readers.values()]
        return TransactionCounts(sum(t.commits for t in tallies), sum(t.rollbacks for t in tallies))

    def _read_tables(self, connection: Connection) -> TableSizes:
        own = self.settings
        if self.driver is not None and self.driver.path is not None:
            return read_sqlite_tables(connection, self.driver.path, own.tables)
        return read_postgres_tables(connection, own.tables, own.databases)

    def _read_embedding_audits(self, connection: Connection) -> tuple[EmbeddingAudit, ...]:
        own = self.settings
        return read_embedding_audits(
            connection, own.sparse_sample, len(own.vocabularies) + MAX_QUEUED_READS, own.vocabularies
        )


def make_poller(
    name: str, read: Callable[[Connection], T], group: ReadBatcher | None, pace: PollPolicy
) -> Poller[T]:
    """A question of this group; of nobody where there is none."""
    return Poller(f"database {name}", None if group is None else group.batched(read), pace)
