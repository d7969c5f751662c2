"""What the exporter does itself on a PostgreSQL server is not shown as traffic of the server."""

import time
from collections.abc import Iterator

import psycopg
import pytest

from exporter.sources.database.others import Others
from tests.exporter.backend_tables import create, run
from tests.exporter.exporter_page import Watched, watching
from tests.exporter.whole_page import whole
from tests.servers.postgres_server import PostgresServer, plain
from tests.servers.waiting import eventually

FAST = {"fast_period": 0.02, "statistics_period": 0.1, "period": 0.2, "rows_period": 0.3}
COUNTED = 12.0  # seconds after which a session that reads tables has been counted


def name_of(url: str) -> str:
    """The name of the database."""
    return url.rpartition("/")[2]


def transactions(exporter: Watched, url: str, end: str = "commit") -> float:
    """Transactions of others in the watched database."""
    exporter.page("database.ping")
    page = exporter.page("database.statistics")
    value = page.value(f"pg_stat_database_xact_{end}", datname=name_of(url))
    assert value is not None
    return value


def work(url: str, commits: int) -> None:
    """Commit as often in one session, which is counted when it ends; connecting is one of them."""
    with psycopg.connect(plain(url), autocommit=True) as client:
        for _ in range(commits - 1):
            client.execute("SELECT 1")


def watch_for(exporter: Watched, url: str, seconds: float) -> list[float]:
    """What is shown while the exporter is alone."""
    ends, shown = time.monotonic() + seconds, []
    while time.monotonic() < ends:
        shown.append(transactions(exporter, url))
    return shown


@pytest.fixture
def url(own_postgres_server: PostgresServer) -> str:
    """A database with the backend's tables, on a server of its own."""
    return create(own_postgres_server.fresh_database())


@pytest.fixture
def exporter(url: str) -> Iterator[Watched]:
    """An exporter that watches it."""
    with watching(database={"url": url, **FAST}) as running:
        yield running


def test_only_the_transactions_of_others_are_counted(url: str, exporter: Watched) -> None:
    assert eventually(lambda: transactions(exporter, url) == 0)
    assert max(watch_for(exporter, url, 3)) == 0
    work(url, 500)
    assert eventually(lambda: transactions(exporter, url) > 400, within=COUNTED)
    assert max(watch_for(exporter, url, 8)) == pytest.approx(500, abs=5)


def test_the_count_never_falls(own_postgres_server: PostgresServer, url: str, exporter: Watched) -> None:
    eventually(lambda: transactions(exporter, url) == 0)
    shown = watch_for(exporter, url, 1)
    for disturb in (
        lambda: run(url, "SELECT pg_stat_reset()"),
        lambda: run(url, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"),
        own_postgres_server.stop,
    ):
        work(url, 200)
        assert eventually(lambda: transactions(exporter, url) > shown[-1] + 100, within=COUNTED)
        shown += watch_for(exporter, url, 1)
        disturb()
        if disturb == own_postgres_server.stop:
            own_postgres_server.start()
        eventually(lambda: transactions(exporter, url) >= 0, within=20)
        shown += watch_for(exporter, url, 2)
    assert shown == sorted(shown)
    assert shown[-1] == pytest.approx(600, abs=60)
