"""What is asked of the backend's database, over small connections of the exporter's own."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from exporter.clock import steady
from exporter.pace import Pace
from exporter.question import Question
from exporter.settings import Database as DatabaseSettings
from exporter.sources.asked import Asked
from exporter.sources.database.evaluations import Evaluation, read_evaluations
from exporter.sources.database.feedback import Feedback, read_feedback
from exporter.sources.database.link import Link
from exporter.sources.database.ping import Ping, Prober
from exporter.sources.database.postgres_activity import Activity, read_activity
from exporter.sources.database.postgres_databases import DatabaseCounts, DatabaseReader
from exporter.sources.database.postgres_locks import Locks, read_locks
from exporter.sources.database.postgres_statements import Statement, StatementReader
from exporter.sources.database.postgres_tables import read_postgres_tables
from exporter.sources.database.postgres_wire import Tally
from exporter.sources.database.resources import Resources, read_resources
from exporter.sources.database.sparse import Sparse, read_sparse
from exporter.sources.database.sparse_evidence import Evidence
from exporter.sources.database.sparse_sample import read_evidence
from exporter.sources.database.sqlite_tables import read_sqlite_tables
from exporter.sources.database.tables import Tables
from exporter.sources.database.together import Together
from exporter.sources.database.use import Created, Use, read_created, read_use
from exporter.sources.database.way import Way, way_to

T = TypeVar("T")
WAITING = 8  # readings of one link can wait for each other
UNBOUNDED = 86_400.0
ON_ITS_WAY = 1.0  # seconds by which a ping and its verdict may be late on a busy machine
PING_LINKS = ("ping", "second ping")


class Database(Asked):
    """The questions put to the database; answers are frozen dataclasses, None where the table is missing.

    Links of their own, so that a slow reading holds up neither the ping nor PostgreSQL's statistics; the
    second ping is connected only while the first meets silence.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self.settings = settings
        self.way: Way | None = way_to(settings.url.get_secret_value()) if settings.url else None
        self.dialect = self.way.dialect if self.way else None
        # of a file our reading would stop the backend's writing
        most = settings.file_lock if self.dialect == "sqlite" else None
        self.links: dict[str, Link] = {}
        if self.way is not None:
            ping = self.way.for_ping()
            self.links["ping"] = Link("ping", ping, settings.timeout, most)
            self.links["second ping"] = Link("second ping", ping, settings.timeout, most)
            self.links["statistics"] = Link("statistics", self.way, settings.timeout, most)
            self.links["rows"] = Link("rows", self.way, settings.slow_timeout, most)
        self._prober = Prober([self.links[name] for name in PING_LINKS if name in self.links])
        self.ping: Question[Ping] = Question(
            "database ping",
            self._prober.ask if self.links else None,
            # the links bound it themselves, since they know when we ourselves were late
            Pace(UNBOUNDED, at_most_every=settings.fast_period),
        )
        self._groups: list[Together] = []
        self._ask_for_statistics()
        self._ask_for_tables()
        self._ask_for_rows()

    @property
    def own_transactions(self) -> dict[str, int]:
        """Transactions of ours that a PostgreSQL server has counted, by link; of a file none are."""
        return {name: link.tally.transactions for name, link in self.links.items()}

    def standing(self) -> Ping | None:
        """The last answer to a ping, for as long as a silence after it may still have to be checked."""
        ping, own = self.ping, self.settings
        if ping.error is not None or ping.answered_at is None:
            return None
        lasts = own.fast_period + 2 * own.timeout + ON_ITS_WAY
        return self._prober.last if steady() - ping.answered_at < lasts else None

    def _ask_for_statistics(self) -> None:
        own = self.settings
        is_postgres = self.dialect == "postgresql"
        group = self._group("statistics", own.statistics_period) if is_postgres else None
        pace = Pace(own.statistics_period + WAITING * own.timeout, every=own.statistics_period)
        databases, statements = DatabaseReader(own.databases, self._own), StatementReader(own.statements)
        activity = partial(read_activity, long_transaction=own.long_transaction)
        self.activity: Question[Activity] = asked("activity", activity, group, pace)
        self.databases: Question[tuple[DatabaseCounts, ...]] = asked("counts", databases.read, group, pace)
        self.locks: Question[Locks] = asked("locks", read_locks, group, pace)
        self.statements: Question[tuple[Statement, ...]] = asked("statements", statements.read, group, pace)

    def _ask_for_tables(self) -> None:
        group, pace = self._rows(self.settings.period)
        self.tables: Question[Tables] = asked("tables", self._read_tables, group, pace)
        self.resources: Question[Resources | None] = asked("resources", read_resources, group, pace)
        self.sparse: Question[Sparse | None] = asked("sparse embeddings", read_sparse, group, pace)

    def _ask_for_rows(self) -> None:
        group, pace = self._rows(self.settings.rows_period)
        self.use: Question[Use] = asked("users", read_use, group, pace)
        self.created: Question[Created] = asked("rows created", read_created, group, pace)
        self.feedback: Question[Feedback | None] = asked("feedback", read_feedback, group, pace)
        self.evaluations: Question[tuple[Evaluation, ...]] = asked(
            "model versions", read_evaluations, group, pace
        )
        self.evidence: Question[tuple[Evidence, ...]] = asked(
            "sparse vectors", self._read_evidence, group, pace
        )

    async def close(self) -> None:
        """Close the connections, also those that are stuck, and end their threads."""
        await asyncio.gather(*(group.close() for group in self._groups))
        await asyncio.gather(*(link.close() for link in self.links.values()))

    def _rows(self, period: float) -> tuple[Together | None, Pace]:
        """Those who read tables at this period, and their pace."""
        pace = Pace(period + WAITING * self.settings.slow_timeout, every=period, rest=1.0, longest_rest=15.0)
        return self._group("rows", period), pace

    def _group(self, link: str, period: float) -> Together | None:
        """What is read over this link at this period; None without a database."""
        if not self.links:
            return None
        group = Together(self.links[link], period, self.ping.answer)
        self._groups.append(group)
        return group

    def _own(self) -> Tally:
        """All transactions of ours so far."""
        tallies = [link.tally for link in self.links.values()]
        return Tally(sum(t.commits for t in tallies), sum(t.rollbacks for t in tallies))

    def _read_tables(self, connection: Connection) -> Tables:
        own = self.settings
        if self.way is not None and self.way.path is not None:
            return read_sqlite_tables(connection, self.way.path, own.tables)
        return read_postgres_tables(connection, own.tables, own.databases)

    def _read_evidence(self, connection: Connection) -> tuple[Evidence, ...]:
        own = self.settings
        return read_evidence(connection, own.sparse_sample, len(own.vocabularies) + WAITING, own.vocabularies)


def asked(name: str, read: Callable[[Connection], T], group: Together | None, pace: Pace) -> Question[T]:
    """A question of this group; of nobody where there is none."""
    return Question(f"database {name}", None if group is None else group.asking(read), pace)
