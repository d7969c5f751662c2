"""What watching costs a PostgreSQL server: transactions a second, and how they are shared."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psycopg
from pydantic import SecretStr
from sqlalchemy import Connection, text

from exporter.errors import InvalidResponse, SourceError, SourceTimeout
from exporter.footprint import Footprint
from exporter.settings_stores import DatabaseSettings as Settings
from exporter.sources.database.drivers import make_driver
from exporter.sources.database.engagement import read_engagement
from exporter.sources.database.read_batcher import ReadBatcher
from exporter.sources.database.reader import DatabaseReader
from exporter.sources.database.source import DatabaseSource
from tests.exporter.backend_tables import create
from tests.exporter.exporter_page import Watched, watching
from tests.servers.postgres_server import PostgresServer, plain
from tests.servers.waiting import eventually

T = TypeVar("T")
SECONDS = 10.0
FAST_LANE = 0.25  # seconds between two scrapes of the ping, as prometheus.yml has it
MOST = 5.0  # transactions a second


def transactions(server: PostgresServer, database: str) -> int:
    """Those that the server has counted in this database.

    A session that reads no table is counted only when it ends, so this is read after the exporter's.
    """
    with psycopg.connect(plain(server.url)) as client:
        counted = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"
        row = client.execute(counted, [database]).fetchone()
    assert row is not None
    return int(row[0])


def settled(server: PostgresServer, database: str) -> int:
    """The same once no session is left in this database."""
    with psycopg.connect(plain(server.url)) as client:
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        client.autocommit = True
        eventually(lambda: client.execute(sessions, [database]).fetchone() == (0,))
    return transactions(server, database)


def scrape_for(exporter: Watched, seconds: float) -> None:
    """Scrape the ping four times a second."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        exporter.page("database.ping")
        time.sleep(min(FAST_LANE, left))


def test_few_transactions_a_second_at_the_default_settings(own_postgres_server: PostgresServer) -> None:
    url = create(own_postgres_server.fresh_database())
    name = url.rpartition("/")[2]
    before, began = settled(own_postgres_server, name), time.monotonic()
    with watching(database={"url": url}) as exporter:
        scrape_for(exporter, 2)
        exporter.page()
        scrape_for(exporter, SECONDS)
    rate = (settled(own_postgres_server, name) - before) / (time.monotonic() - began)
    assert 1.5 < rate <= MOST


def asked_of(
    url: str, ask: Callable[[DatabaseSource], Awaitable[T]], **settings: Any
) -> tuple[T, DatabaseSource]:
    """What came of asking, and the database, which is closed again."""

    async def run() -> tuple[T, DatabaseSource]:
        database = DatabaseSource(Settings(url=SecretStr(url), **settings))
        try:
            return await ask(database), database
        finally:
            await asyncio.gather(*(question.close() for question in database.pollers()))
            await database.close()

    return asyncio.run(run())


def test_our_own_transactions_are_known_to_the_last(own_postgres_server: PostgresServer) -> None:
    url = create(own_postgres_server.fresh_database())
    name = url.rpartition("/")[2]
    before = settled(own_postgres_server, name)

    async def ask(database: DatabaseSource) -> None:
        for _ in range(20):
            await database.ping.refresh()
            await asyncio.gather(*(question.refresh() for question in database.pollers()))

    _, database = asked_of(url, ask, statistics_period=0.02, period=0.02, rows_period=0.02)
    counted = settled(own_postgres_server, name) - before
    assert counted == sum(database.own_transactions.values())


def spent(url: str, rounds: int) -> tuple[int, int]:
    """Transactions for so many rounds of PostgreSQL's statistics, and for those of rows."""

    async def ask(database: DatabaseSource) -> None:
        statistics = (database.activity, database.databases, database.locks, database.statements)
        rows = (
            database.engagement,
            database.created,
            database.feedback,
            database.evaluations,
            database.embedding_audits,
        )
        for _ in range(rounds):
            await asyncio.gather(*(question.refresh() for question in (*statistics, *rows)))
            assert not any(question.error for question in (*statistics, *rows))

    _, database = asked_of(url, ask, statistics_period=0.05, rows_period=0.05)
    return database.own_transactions["statistics"], database.own_transactions["rows"]


def test_what_is_due_together_is_one_transaction(own_postgres_server: PostgresServer) -> None:
    url = create(own_postgres_server.fresh_database())
    one, six = spent(url, 1), spent(url, 6)
    assert (six[0] - one[0], six[1] - one[1]) == (5, 5)


def test_what_fails_or_is_slow_costs_only_itself(own_postgres_server: PostgresServer) -> None:
    url = own_postgres_server.fresh_database()

    def reading(statement: str) -> Callable[[Connection], int]:
        return lambda connection: int(connection.execute(text(statement)).scalar_one())

    async def ask() -> list[Any]:
        link = DatabaseReader("test", make_driver(url), 0.5)
        try:
            group = ReadBatcher(link, 0.1, link_is_allowed)
            statements = (
                "SELECT 1", "SELECT 1 / 0", "SELECT 2", "SELECT 3 FROM pg_sleep(9)", "SELECT no_such",
                "SELECT 4",
            )  # fmt: skip
            asks = [group.batched(reading(statement)) for statement in statements]
            return await asyncio.gather(*(ask() for ask in asks), return_exceptions=True)
        finally:
            await link.close()

    one, divided, two, slow, unknown, four = asyncio.run(ask())
    assert (one, two, four) == (1, 2, 4)
    assert isinstance(divided, SourceError)
    assert isinstance(unknown, InvalidResponse)
    assert isinstance(slow, SourceTimeout)


async def link_is_allowed() -> None:
    """Nothing speaks against reading."""


def test_no_lock_is_held_after_a_reading(own_postgres_server: PostgresServer) -> None:
    url = create(own_postgres_server.fresh_database())
    changed = []

    def change(connection: Connection) -> None:
        """What needs the table for itself, while the transaction that has just read it is still open."""
        with psycopg.connect(plain(url), options="-c lock_timeout=300") as client:
            client.execute("ALTER TABLE users ADD COLUMN more int")
        changed.append(connection.execute(text("SELECT 1")).scalar_one())

    async def ask() -> None:
        link = DatabaseReader("test", make_driver(url), 5)
        try:
            group = ReadBatcher(link, 0.1, link_is_allowed)
            await asyncio.gather(group.batched(read_engagement)(), group.batched(change)())
        finally:
            await link.close()

    asyncio.run(ask())
    assert changed == [1]


def test_who_was_out_of_step_is_in_step_again(own_postgres_server: PostgresServer) -> None:
    url = own_postgres_server.fresh_database()

    async def ask() -> int:
        link = DatabaseReader("test", make_driver(url), 10)
        try:
            # far longer than the other is late, however busy the machine is; it ends when both are there
            group = ReadBatcher(link, 10.0, link_is_allowed)
            first, second = (group.batched(lambda c: c.execute(text("SELECT 1")).scalar_one()) for _ in "ab")
            await asyncio.gather(first(), second())
            before = await ended_transactions(link)
            await asyncio.gather(first(), after(0.3, second))
            return await ended_transactions(link) - before - 1  # its own
        finally:
            await link.close()

    assert asyncio.run(ask()) == 1


async def ended_transactions(link: DatabaseReader) -> int:
    """The transactions so far, one of its own included: those of a batch end after its results are there."""
    await link.read(lambda _: None)
    return link.transactions.total


def test_each_read_of_a_batch_counts_for_its_own_time(own_postgres_server: PostgresServer) -> None:
    url = own_postgres_server.fresh_database()
    footprint = Footprint("database", 0.02)

    async def poll(name: str, batched: Callable[[], Awaitable[Any]]) -> None:
        with footprint.poll(name):
            await batched()

    async def ask() -> None:
        reader = DatabaseReader("test", make_driver(url), 10)
        try:
            # "late" never comes, so the others wait half a second for it
            batcher = ReadBatcher(reader, 10.0, link_is_allowed)
            slow, quick, _ = (
                batcher.batched(lambda c, it=it: c.execute(text(it)).all())  # type: ignore[misc]
                for it in ("SELECT pg_sleep(0.4)", "SELECT 1", "SELECT 'late'")
            )
            await asyncio.gather(poll("slow", slow), poll("quick", quick))
        finally:
            await reader.close()

    asyncio.run(ask())
    seconds = {query: spent for query, _, spent in footprint.totals()}
    assert 0.4 <= seconds["slow"] < 0.8
    assert seconds["quick"] < 0.2


async def after(seconds: float, ask: Callable[[], Awaitable[T]]) -> T:
    """Ask later than the others."""
    await asyncio.sleep(seconds)
    return await ask()
