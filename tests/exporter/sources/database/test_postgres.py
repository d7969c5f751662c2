"""A PostgreSQL database, seen through small connections and the server's own statistics."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.exporter.backend_tables import RESOURCES, create, insert, run
from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.whole_page import whole
from tests.servers.fixtures import postgres_folder, started
from tests.servers.postgres_server import PostgresServer, plain
from tests.servers.waiting import eventually

FAST = {"timeout": 1.0, "fast_period": 0.05, "statistics_period": 0.1, "period": 0.2, "long_transaction": 0.2}


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    """An empty database."""
    return postgres_server.fresh_database()


@pytest.fixture
def exporter(url: str) -> Iterator[Watched]:
    """An exporter that watches it."""
    with watching(database={"url": url, **FAST}) as running:
        yield running


def name_of(url: str) -> str:
    """The name of the database."""
    return url.rpartition("/")[2]


def test_it_is_up_whatever_driver_the_backend_names(url: str) -> None:
    for given in (url, url.replace("+psycopg", "+asyncpg") + "?prepared_statement_cache_size=0", plain(url)):
        with watching(database={"url": given}) as exporter:
            page = exporter.page("database.ping")
        assert page.value("ops_database_up") == page.value("pg_up") == 1
        assert page.value("ops_database_info", dialect="postgresql") == 1


def test_only_client_sessions_are_counted(url: str, exporter: Watched) -> None:
    name = name_of(url)
    with psycopg.connect(plain(url), application_name="shop") as client:
        client.execute("SELECT 1")
        labels = {"datname": name, "state": "idle in transaction", "application_name": "shop"}

        def seen() -> Page:
            page = exporter.page("database.activity")
            assert page.value("pg_stat_activity_count", **labels) == 1
            return page

        page = eventually(seen)
        assert (page.value("pg_stat_activity_max_tx_duration", **labels) or 0) > 0
        assert page.value("pg_stat_activity_count", datname=name, state="disabled") == 0
        assert page.value("pg_settings_max_connections") == 100
        assert not page.series("pg_stat_activity_count", datname="")


def test_a_long_transaction_is_seen_and_our_own_are_not(url: str, exporter: Watched) -> None:
    assert exporter.page("database.activity").value("pg_long_running_transactions") == 0
    with psycopg.connect(plain(url)) as client:
        client.execute("SELECT 1")
        page = eventually(lambda: one_long(exporter))
        assert (page.value("pg_long_running_transactions_oldest_age_seconds") or 0) >= 0.2
    assert eventually(lambda: exporter.page("database.activity").value("pg_long_running_transactions") == 0)


def one_long(exporter: Watched) -> Page:
    """The page, which must show one long transaction."""
    page = exporter.page("database.activity")
    assert page.value("pg_long_running_transactions") == 1
    return page


def test_locks_and_those_who_wait_for_them(url: str, exporter: Watched) -> None:
    create(url)
    name = name_of(url)

    def held() -> tuple[float | None, float | None]:
        page = exporter.page("database.locks")
        mode = page.value("pg_locks_count", datname=name, mode="accessexclusivelock")
        return mode, page.value("ops_database_lock_waiters", datname=name)

    assert eventually(lambda: held() == (0, 0))
    with psycopg.connect(plain(url)) as holder, psycopg.connect(plain(url)) as waiter:
        holder.execute("LOCK TABLE resources IN ACCESS EXCLUSIVE MODE")
        with ThreadPoolExecutor(1) as aside:
            waits = aside.submit(waiter.execute, "SELECT * FROM resources")
            try:
                assert eventually(lambda: held() == (1, 1))
                # tables are still read, but for the one that is locked
                assert eventually(lambda: others_are_read(exporter))
            finally:
                holder.rollback()
            waits.result()
    assert eventually(lambda: held() == (0, 0))


def others_are_read(exporter: Watched) -> bool:
    """Whether the page shows the rows of a table that nobody locks, and not those of one that is."""
    page = exporter.page("database.tables")
    rows = {labels["table"]: value for labels, value in page.series("ops_database_table_rows")}
    return rows.get("annotations") == 0 and "resources" not in rows


def test_commits_rollbacks_and_cache_hits_are_counted(url: str, exporter: Watched) -> None:
    name = name_of(url)

    def hits() -> float:
        return exporter.page("database.statistics").value("pg_stat_database_blks_hit", datname=name) or 0

    before = eventually(hits)
    with psycopg.connect(plain(url)) as client:
        client.execute("SELECT count(*) FROM pg_class")
        assert eventually(lambda: connections(exporter, name) == 1)
    assert eventually(lambda: hits() > before)
    assert exporter.page("database.statistics").value("pg_stat_database_deadlocks", datname=name) == 0
    assert eventually(lambda: connections(exporter, name) == 0)


def connections(exporter: Watched, name: str) -> float | None:
    """Open connections to the database."""
    return exporter.page("database.statistics").value("pg_stat_database_numbackends", datname=name)


def test_a_deadlock_is_counted(url: str, exporter: Watched) -> None:
    run(url, "CREATE TABLE a (x int)", "CREATE TABLE b (x int)")
    with (
        psycopg.connect(plain(url)) as one,
        psycopg.connect(plain(url)) as two,
        ThreadPoolExecutor(1) as aside,
    ):
        one.execute("SET deadlock_timeout = '30s'")
        two.execute("SET deadlock_timeout = '10ms'")
        one.execute("LOCK a")
        two.execute("LOCK b")
        waits = aside.submit(one.execute, "LOCK b")
        with pytest.raises(psycopg.errors.DeadlockDetected):
            two.execute("LOCK a")
        two.rollback()
        waits.result()
    name = name_of(url)

    def deadlocks() -> float | None:
        return exporter.page("database.statistics").value("pg_stat_database_deadlocks", datname=name)

    assert eventually(lambda: deadlocks() == 1)


def test_tables_have_rows_bytes_and_statistics(url: str) -> None:
    create(url)
    insert(url, RESOURCES, [{} for _ in range(30)])
    run(url, "CREATE SCHEMA other", "CREATE TABLE other.things (x int)", "ANALYZE")
    with watching(database={"url": url, **FAST}) as exporter:
        page = whole(exporter, "database.tables", "database.sizes")
    name = name_of(url)
    assert page.value("ops_database_table_rows", table="resources") == 30
    assert page.value("ops_database_table_rows", table="other.things") == 0
    assert (page.value("ops_database_table_size_bytes", table="resources") or 0) >= 8192
    assert page.value("ops_database_size_bytes") == page.value("pg_database_size_bytes", datname=name)
    assert page.value("pg_stat_user_tables_n_live_tup", datname=name, relname="resources") == 30
    assert page.value("pg_stat_user_tables_last_autovacuum", relname="resources") == 0


def test_statements_where_the_extension_is_installed(url: str) -> None:
    with watching(database={"url": url, **FAST}) as exporter:
        page = whole(exporter, "database.statements")
    assert not page.names() & {"pg_stat_statements_calls"}
    assert page.value("ops_collector_success", collector="database.statements") == 1
    run(url, "CREATE EXTENSION pg_stat_statements", *["SELECT count(*) FROM pg_type"] * 5)
    with watching(database={"url": url, **FAST, "statements": 3}) as exporter:
        page = whole(exporter, "database.statements")
    calls = page.series("pg_stat_statements_calls_total")
    assert len(calls) == 3
    assert {labels["datname"] for labels, _ in calls} == {name_of(url)}
    assert all(value > 0 for _, value in page.series("pg_stat_statements_seconds_total"))


def test_wrong_password_wrong_name_nobody_there(
    postgres_server: PostgresServer, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    run(url, "CREATE ROLE guarded LOGIN PASSWORD 'right'")
    wrong = url.replace("watchroom@", "guarded:hunter2@").rpartition("/")[0] + "/no_such_database"
    nobody = "postgresql+psycopg://watchroom:hunter2@127.0.0.1:9/x"
    for given, reason in ((wrong, "does not exist"), (nobody, "cannot be reached")):
        with watching(database={"url": given, **FAST}) as exporter:
            assert exporter.page("database.ping").value("pg_up") == 0
            assert "ops_database_table_rows" not in exporter.page("database.tables").names()
        assert reason in caplog.text
    assert "hunter2" not in caplog.text


def test_an_extension_whose_library_is_not_loaded_is_no_failure() -> None:
    with postgres_folder() as folder:
        server = PostgresServer(folder)
        server.command.remove("shared_preload_libraries=pg_stat_statements")
        server.command.pop()
        with started(server):
            url = server.fresh_database()
            run(url, "CREATE EXTENSION pg_stat_statements")
            with watching(database={"url": url, **FAST}) as exporter:
                page = whole(exporter, "database.statements")
    assert not page.series("pg_stat_statements_calls_total")
