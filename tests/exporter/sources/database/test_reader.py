"""A PostgreSQL server that freezes, stops, restarts or refuses the password."""

import asyncio
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from exporter.settings_stores import DatabaseSettings as Settings
from exporter.sources.database.source import DatabaseSource
from tests.exporter.backend_double import BackendDouble
from tests.exporter.backend_tables import create, run
from tests.exporter.collectors.test_database import pool
from tests.exporter.exporter_page import Page, Watched, watching
from tests.servers.postgres_server import PostgresServer
from tests.servers.waiting import eventually

FAST = {"timeout": 1.0, "slow_timeout": 2.0, "fast_period": 0.05, "statistics_period": 0.1, "period": 0.2}


def up(exporter: Watched) -> float | None:
    """Whether the page says that the server is up."""
    page = exporter.page("database.ping")
    assert page.value("pg_up") == page.value("ops_database_up")
    return page.value("pg_up")


def test_a_frozen_server_is_down_within_two_seconds_and_heals(
    own_postgres_server: PostgresServer, backend: BackendDouble
) -> None:
    url = create(own_postgres_server.fresh_database())
    backend.monitoring("/db/pool", pool())
    with watching(database={"url": url, **FAST}, backend={"url": backend.url}) as exporter:
        assert eventually(lambda: "ops_database_table_rows" in exporter.page("database").names(), within=10)
        threads = database_threads()
        own_postgres_server.freeze()
        pages: list[Page] = []
        eventually(lambda: seen_down(exporter, pages))
        pages += [exporter.page("database") for _ in range(3)]
        assert max(page.seconds for page in pages) < 2
        assert all(page.value("ops_database_pool_capacity_connections") == 12 for page in pages)
        assert not eventually(lambda: settled(exporter)).intersection(
            {"pg_stat_activity_count", "pg_locks_count", "ops_database_table_rows"}
        )
        assert database_threads() <= threads + 1  # that of the second ping
        own_postgres_server.thaw()
        assert eventually(lambda: up(exporter) == 1, within=10)
        assert eventually(lambda: "pg_locks_count" in exporter.page("database").names(), within=10)


def seen_down(exporter: Watched, pages: list[Page]) -> bool:
    """Whether the page, which is kept, says that the database is down."""
    pages.append(exporter.page("database"))
    return pages[-1].value("pg_up") == pages[-1].value("ops_database_up") == 0


def settled(exporter: Watched) -> set[str]:
    """The names on the page once what was read before the freeze is no longer served."""
    names = exporter.page("database").names()
    return set() if "pg_locks_count" in names or "ops_database_table_rows" in names else names


def database_threads() -> int:
    """How many threads wait on databases."""
    return sum(thread.name.startswith("database ") for thread in threading.enumerate())


def test_a_server_that_is_frozen_from_the_start_is_down(own_postgres_server: PostgresServer) -> None:
    url = own_postgres_server.fresh_database()
    own_postgres_server.freeze()
    with watching(database={"url": url, **FAST}) as exporter:
        assert exporter.page("database").seconds < 2
        pages: list[Page] = []
        assert eventually(lambda: seen_down(exporter, pages))
        # and it stays so, however seldom it is asked
        assert all(exporter.page("database").value("pg_up") == 0 for _ in range(3))
        own_postgres_server.thaw()
        assert eventually(lambda: up(exporter) == 1, within=10)


def test_an_exporter_stops_while_the_server_is_frozen(own_postgres_server: PostgresServer) -> None:
    url = own_postgres_server.fresh_database()
    with watching(database={"url": url, **FAST}) as exporter:
        assert eventually(lambda: up(exporter) == 1)
        own_postgres_server.freeze()
        assert eventually(lambda: up(exporter) == 0)
    assert eventually(lambda: database_threads() == 0)


def test_a_restart_between_two_looks_is_no_outage(own_postgres_server: PostgresServer) -> None:
    async def look_twice() -> None:
        database = DatabaseSource(Settings(url=SecretStr(own_postgres_server.fresh_database()), timeout=20))
        await database.ping.refresh()
        await asyncio.to_thread(own_postgres_server.stop)
        await asyncio.to_thread(own_postgres_server.start)
        await database.ping.refresh()
        await database.close()
        assert database.ping.error is None

    asyncio.run(look_twice())


def test_a_stopped_server_is_down_at_once_whatever_the_backend_says(
    own_postgres_server: PostgresServer, backend: BackendDouble
) -> None:
    url = own_postgres_server.fresh_database()
    backend.monitoring("/database", {"status": "ok", "database": {"healthy": True}, "warnings": []})
    with watching(database={"url": url, **FAST}, backend={"url": backend.url}) as exporter:
        assert eventually(lambda: up(exporter) == 1)
        own_postgres_server.stop()
        assert eventually(lambda: up(exporter) == 0)
        page = exporter.page("database")
        assert page.state("ops_database_reported_status") == "healthy"
        own_postgres_server.start()
        assert eventually(lambda: up(exporter) == 1, within=10)


def test_a_refused_password_is_said_without_the_password(
    own_postgres_server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    url = own_postgres_server.fresh_database()
    run(url, "CREATE ROLE guarded LOGIN PASSWORD 'right'", "GRANT pg_monitor TO guarded")
    rules = Path(str(own_postgres_server.log)).parent / "data" / "pg_hba.conf"
    rules.write_text(f"host all guarded 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
    run(url, "SELECT pg_reload_conf()")
    guarded = url.replace("watchroom@", "guarded:{}@")
    with watching(database={"url": guarded.format("hunter2"), **FAST}) as exporter:
        eventually(lambda: up(exporter) is None and "refused the user" in caplog.text)
        exporter.page("database.tables")
    assert "refused the user or the password" in caplog.text
    assert "hunter2" not in caplog.text
    with watching(database={"url": guarded.format("right"), **FAST}) as exporter:
        assert eventually(lambda: up(exporter) == 1)
        assert eventually(lambda: "pg_settings_max_connections" in exporter.page("database.activity").names())
