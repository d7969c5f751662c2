"""The exporter's own sessions on a PostgreSQL server: their limits, their marks and their transactions."""

from collections.abc import Iterator
from contextlib import suppress
from threading import Thread
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, create_engine, make_url, text

from exporter.errors import RequestFailed
from exporter.sources.database.activity import read_activity, read_locks, transaction_age
from exporter.sources.database.drivers import PostgresDriver, make_driver
from exporter.sources.database.postgres_connection import mark_statement
from exporter.sources.database.statements import StatementReader
from exporter.sources.database.transaction_counts import TransactionCounts
from tests.exporter.backend_tables import run
from tests.servers.postgres_server import PostgresServer, plain


@pytest.fixture
def connection(postgres_server: PostgresServer) -> Iterator[Connection]:
    """A connection of another program to a database of its own."""
    engine = create_engine(postgres_server.fresh_database())
    with engine.connect() as it:
        yield it
    engine.dispose()


@pytest.mark.parametrize(
    ("seconds", "limits"),
    [
        (1.0, ("1s", "250ms", "16s", "UTC")),
        (4.0, ("4s", "500ms", "19s", "UTC")),
        (0.5, ("500ms", "125ms", "15500ms", "UTC")),
    ],
)
def test_a_transaction_is_limited_by_the_server(
    postgres_server: PostgresServer, seconds: float, limits: tuple[str, ...]
) -> None:
    counts, driver = TransactionCounts(), make_driver(postgres_server.url)
    engine = driver.make_engine(5.0, counts)
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone")
    with engine.connect() as it:
        driver.set_timeout(it, seconds)
        assert tuple(it.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names) == limits
        it.commit()
        assert it.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on"
    engine.dispose()


def test_our_transactions_are_counted_as_the_server_counts_them(postgres_server: PostgresServer) -> None:
    counts, driver = TransactionCounts(), make_driver(postgres_server.url)
    engine = driver.make_engine(5.0, counts)
    with engine.connect() as it:
        started = (counts.commits, counts.rollbacks)
        it.exec_driver_sql("SELECT 1")
        it.commit()
        it.commit()  # nothing is open
        assert (counts.commits, counts.rollbacks) == (started[0] + 1, started[1])
        it.exec_driver_sql("SELECT 1")
        it.rollback()
        it.rollback()
        assert (counts.commits, counts.rollbacks) == (started[0] + 1, started[1] + 1)
    engine.dispose()
    assert counts.total == counts.commits + counts.rollbacks


def test_each_ping_is_a_transaction_also_one_that_fails(postgres_server: PostgresServer) -> None:
    counts, driver = TransactionCounts(), make_driver(postgres_server.url).for_ping()
    engine = driver.make_engine(5.0, counts)
    with engine.connect() as it:
        before = (counts.commits, counts.rollbacks)
        it.exec_driver_sql("SELECT 1")
        with pytest.raises(Exception, match="nothing"):
            it.exec_driver_sql("SELECT nothing")
        assert (counts.commits, counts.rollbacks) == (before[0] + 1, before[1] + 1)
    engine.dispose()


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("sslmode=require&pool_size=5&connect_timeout=9", {"sslmode": "require", "connect_timeout": "9"}),
        ("ssl=true", {"sslmode": "require"}),
        ("ssl=verify-full", {"sslmode": "verify-full"}),
        ("ssl=true&sslmode=disable", {"sslmode": "disable"}),
        ("client_encoding=utf8", {}),
    ],
)
def test_options_that_only_the_backends_driver_knows_are_dropped(query: str, kept: dict[str, str]) -> None:
    driver = PostgresDriver(make_url(f"postgresql+asyncpg://u:p@h/x?{query}"))
    assert driver.url.query == kept
    assert driver.url.drivername == "postgresql+psycopg"
    assert (driver.url.username, driver.url.password, driver.url.database) == ("u", "p", "x")


def test_the_mark_of_a_statement_stands_behind_its_first_word() -> None:
    assert mark_statement("\n  SELECT 1, SELECT") == "\n  SELECT /* watchroom-exporter */ 1, SELECT"


def test_new_statements_are_shown_once_a_minute(
    connection: Connection, postgres_server: PostgresServer
) -> None:
    url = str(connection.engine.url.render_as_string(hide_password=False))
    run(url, "CREATE EXTENSION pg_stat_statements")
    now = [1000.0]
    reader = StatementReader(50, length=12, clock=lambda: now[0])

    def shown() -> set[str]:
        found = {statement.text for statement in reader.read(connection)}
        connection.rollback()
        return found

    run(url, "SELECT 'first' AS a_first_one")
    assert "SELECT $1 AS" in shown()
    known = len(reader.read(connection))
    connection.rollback()
    run(url, *["SELECT count(*) FROM pg_class a, pg_class b WHERE a.oid > b.oid"] * 2)
    now[0] = 1059.9
    before = [statement.calls for statement in reader.read(connection)]
    connection.rollback()
    now[0] = 1060.0
    after = reader.read(connection)
    assert len(before) <= known < len(after)
    assert 2.0 in {statement.calls for statement in after if statement.text == "SELECT count"}
    assert {statement.database for statement in after} == {connection.engine.url.database}


def test_without_the_extension_or_a_wish_there_are_no_statements(connection: Connection) -> None:
    assert StatementReader(50).read(connection) == ()
    connection.exec_driver_sql("CREATE EXTENSION pg_stat_statements")
    assert StatementReader(0).read(connection) == ()
    assert len(StatementReader(1).read(connection)) <= 1


def test_sessions_locks_and_long_transactions_are_seen(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE held (x int)")
    name = str(connection.engine.url.database)
    found = read_activity(connection, long_transaction=0.0)
    mine = [group for group in found.sessions if group.database == name]
    assert [(group.count, group.state, group.backend) for group in mine] == [(1, "active", "client backend")]
    assert found.database == name
    assert found.long_transactions >= 1
    assert found.oldest_long_transaction > 0
    assert (found.max_connections, found.reserved_connections) == (100, 3)
    assert read_activity(connection, long_transaction=3600.0).long_transactions == 0
    locks = read_locks(connection)
    assert locks.counts[name, "accessexclusivelock"] >= 1
    assert locks.counts[name, "sireadlock"] == 0
    assert locks.waiting[name] == 0


def test_a_lock_that_is_waited_for_is_counted(
    connection: Connection, postgres_server: PostgresServer
) -> None:
    connection.exec_driver_sql("CREATE TABLE held (x int)")
    connection.commit()
    connection.exec_driver_sql("LOCK TABLE held")
    name = str(connection.engine.url.database)
    url = plain(connection.engine.url.render_as_string(hide_password=False))
    with psycopg.connect(url) as other:
        other.execute("SET lock_timeout = '500ms'")
        other.execute("BEGIN")
        asked = Thread(target=lambda: gives_up(other))
        asked.start()
        assert waiting(connection, name) == 1
        asked.join()


def gives_up(client: psycopg.Connection[Any]) -> None:
    """Wait for the lock in vain."""
    with suppress(psycopg.errors.LockNotAvailable):
        client.execute("LOCK TABLE held")


def waiting(connection: Connection, name: str) -> float:
    """The lock requests that wait, once one does."""
    for _ in range(100):
        found = read_locks(connection).waiting[name]
        if found:
            return found
        connection.execute(text("SELECT pg_sleep(0.005)"))
    return 0.0


@pytest.mark.parametrize(("seconds", "age"), [(None, None), (5.5, 5.5), ("2.5", 2.5), (-0.001, 0.0)])
def test_the_age_of_a_transaction_is_not_negative(seconds: object, age: float | None) -> None:
    assert transaction_age(seconds) == age


def test_what_a_plain_role_may_not_see_is_an_error(
    postgres_server: PostgresServer, connection: Connection
) -> None:
    with psycopg.connect(plain(postgres_server.url), autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS plain_watcher")
        admin.execute("CREATE ROLE plain_watcher LOGIN")
    connection.exec_driver_sql("CREATE EXTENSION pg_stat_statements")
    connection.exec_driver_sql("SET ROLE plain_watcher")
    for read in (StatementReader(5).read, lambda it: read_activity(it, 60.0)):
        with pytest.raises(RequestFailed, match="of other roles from plain_watcher; GRANT pg_monitor"):
            read(connection)
