"""What is asked of the backend's database, over small connections of the exporter's own."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from exporter.pace import Pace
from exporter.question import Question
from exporter.settings import Database as DatabaseSettings
from exporter.sources.asked import Asked
from exporter.sources.database.evaluations import Evaluation, read_evaluations
from exporter.sources.database.feedback import Feedback, read_feedback
from exporter.sources.database.link import Link
from exporter.sources.database.ping import Ping, read_ping
from exporter.sources.database.postgres_activity import Activity, read_activity
from exporter.sources.database.postgres_databases import DatabaseCounts, read_databases
from exporter.sources.database.postgres_locks import Locks, read_locks
from exporter.sources.database.postgres_statements import Statement, read_statements
from exporter.sources.database.postgres_tables import read_postgres_tables
from exporter.sources.database.resources import Resources, read_resources
from exporter.sources.database.sparse import Sparse, read_sparse
from exporter.sources.database.sparse_evidence import Evidence
from exporter.sources.database.sparse_sample import read_evidence
from exporter.sources.database.sqlite import Sqlite
from exporter.sources.database.sqlite_tables import read_sqlite_tables
from exporter.sources.database.tables import Tables
from exporter.sources.database.use import Created, Use, read_created, read_use
from exporter.sources.database.way import Way, way_to

T = TypeVar("T")
WAITING = 8  # readings of one link can wait for each other


class Database(Asked):
    """The questions put to the database; answers are frozen dataclasses, None where the table is missing.

    Three links, so that a slow reading holds up neither the ping nor PostgreSQL's statistics.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self.settings = settings
        self.way: Way | None = way_to(settings.url.get_secret_value()) if settings.url else None
        self.dialect = self.way.dialect if self.way else None
        # of a file our reading would stop the backend's writing
        most = settings.file_lock if self.dialect == "sqlite" else None
        self.links = {
            name: Link(name, self.way, seconds, most)
            for name, seconds in (
                ("ping", settings.timeout),
                ("statistics", settings.timeout),
                ("rows", settings.slow_timeout),
            )
            if self.way is not None
        }
        self.ping: Question[Ping] = Question(
            "database ping",
            partial(self.links["ping"].read, read_ping) if self.links else None,
            Pace(settings.timeout, at_most_every=settings.fast_period),
        )
        self._ask_for_statistics()
        self._ask_for_rows()

    def _ask_for_statistics(self) -> None:
        own = self.settings
        self.activity: Question[Activity] = self._statistics(
            "activity", partial(read_activity, long_transaction=own.long_transaction)
        )
        self.databases: Question[tuple[DatabaseCounts, ...]] = self._statistics(
            "counts", partial(read_databases, databases=own.databases)
        )
        self.locks: Question[Locks] = self._statistics("locks", read_locks)
        self.statements: Question[tuple[Statement, ...]] = self._statistics(
            "statements", partial(read_statements, statements=own.statements)
        )

    def _ask_for_rows(self) -> None:
        own = self.settings
        self.tables: Question[Tables] = self._rows("tables", self._read_tables, own.period)
        self.resources: Question[Resources | None] = self._rows("resources", read_resources, own.period)
        self.use: Question[Use] = self._rows("users", read_use, own.rows_period)
        self.created: Question[Created] = self._rows("rows created", read_created, own.rows_period)
        self.feedback: Question[Feedback | None] = self._rows("feedback", read_feedback, own.rows_period)
        self.evaluations: Question[tuple[Evaluation, ...]] = self._rows(
            "model versions", read_evaluations, own.rows_period
        )
        self.sparse: Question[Sparse | None] = self._rows("sparse embeddings", read_sparse, own.period)
        self.evidence: Question[tuple[Evidence, ...]] = self._rows(
            "sparse vectors", self._read_evidence, own.rows_period
        )

    async def close(self) -> None:
        """Close the connections, also those that are stuck, and end their threads."""
        await asyncio.gather(*(link.close() for link in self.links.values()))

    def _statistics(self, name: str, read: Callable[[Connection], T]) -> Question[T]:
        """A question that only PostgreSQL can answer."""
        own = self.settings
        pace = Pace(WAITING * own.timeout, every=own.statistics_period)
        ask = self._asking("statistics", read) if self.dialect == "postgresql" else None
        return Question(f"database {name}", ask, pace)

    def _rows(self, name: str, read: Callable[[Connection], T], period: float) -> Question[T]:
        """A question that reads tables."""
        pace = Pace(WAITING * self.settings.slow_timeout, every=period, rest=1.0, longest_rest=15.0)
        return Question(f"database {name}", self._asking("rows", read) if self.links else None, pace)

    def _asking(self, link: str, read: Callable[[Connection], T]) -> Callable[[], Awaitable[T]]:
        async def ask() -> T:
            # a database that does not answer the smallest question is not troubled with bigger ones
            await self.ping.answer()
            return await self.links[link].read(read)

        return ask

    def _read_tables(self, connection: Connection) -> Tables:
        own = self.settings
        if isinstance(self.way, Sqlite):
            return read_sqlite_tables(connection, self.way.path, own.tables)
        return read_postgres_tables(connection, own.tables, own.databases)

    def _read_evidence(self, connection: Connection) -> tuple[Evidence, ...]:
        own = self.settings
        return read_evidence(connection, own.sparse_sample, len(own.vocabularies) + WAITING, own.vocabularies)
