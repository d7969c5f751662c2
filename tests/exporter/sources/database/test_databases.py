"""What the exporter does itself on a PostgreSQL server is not shown as traffic of the server."""

import time
from collections.abc import Callable, Iterator
from functools import partial

import psycopg
import pytest

from exporter.sources.database.databases import OtherClientsCounter
from tests.exporter.backend_tables import create, run
from tests.exporter.exporter_page import Watched, watching
from tests.exporter.whole_page import whole
from tests.servers.postgres_server import PostgresServer, plain
from tests.servers.waiting import eventually

FAST = {"fast_period": 0.02, "statistics_period": 0.1, "period": 0.2, "rows_period": 0.3}
PARTS = (
    "database.ping", "database.tables", "database.activity", "database.statistics", "database.locks",
    "database.statements", "engagement.created", "recommendations.feedback", "ingestion.resources",
)  # fmt: skip
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


def has_grown(exporter: Watched, url: str, beyond: float) -> bool:
    """Whether more transactions of others are shown."""
    return transactions(exporter, url) > beyond


def watch_for(exporter: Watched, url: str, seconds: float) -> list[float]:
    """What is shown while the exporter is alone."""
    ends, shown = time.monotonic() + seconds, []
    while time.monotonic() < ends:
        # after a disturbance it is missing for a moment
        shown += eventually(lambda: [transactions(exporter, url)], within=20)
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
    # what we did before the first look, at most some tens, cannot be told apart and is missing once
    assert 470 <= max(watch_for(exporter, url, 8)) <= 500


def test_the_count_never_falls(own_postgres_server: PostgresServer, url: str, exporter: Watched) -> None:
    eventually(lambda: transactions(exporter, url) == 0)
    shown = watch_for(exporter, url, 1)
    disturbers: tuple[Callable[[], object], ...] = (
        lambda: run(url, "SELECT pg_stat_reset()"),
        lambda: run(
            url, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        ),
        own_postgres_server.stop,
    )
    for disturb in disturbers:
        work(url, 200)
        assert eventually(partial(has_grown, exporter, url, shown[-1] + 100), within=COUNTED)
        shown += watch_for(exporter, url, 1)
        disturb()
        if disturb == own_postgres_server.stop:
            own_postgres_server.start()
        eventually(lambda: transactions(exporter, url) >= 0, within=20)
        shown += watch_for(exporter, url, 2)
    assert shown == sorted(shown)
    assert 300 <= shown[-1] <= 640  # which the disturbers have added to


def test_our_rollbacks_are_not_those_of_others(url: str, exporter: Watched) -> None:
    eventually(lambda: transactions(exporter, url, "rollback") == 0)
    watch_for(exporter, url, 2)
    assert transactions(exporter, url, "rollback") == 0
    with psycopg.connect(plain(url)) as client:
        for _ in range(50):
            client.execute("SELECT 1")
            client.rollback()
    assert eventually(lambda: 40 <= transactions(exporter, url, "rollback") <= 50, within=COUNTED)


def test_a_reset_that_has_been_overtaken_is_no_fall() -> None:
    now = iter(range(0, 1000, 100))
    others = OtherClientsCounter(clock=lambda: float(next(now)))
    seen = [(100, 10, 1.0), (160, 20, 1.0), (170, 30, 2.0), (180, 40, 2.0), (60, 50, 2.0)]
    assert [others.update(*look) for look in seen] == [0, 40, 40 + 150, 40 + 150, 40 + 150 + 40]


def test_our_own_sessions_are_left_out(url: str, exporter: Watched) -> None:
    page = whole(exporter, "database.activity", "database.statistics")
    assert not [
        labels for labels, _ in page.series("pg_stat_activity_count", application_name="watchroom-exporter")
    ]
    assert (page.value("ops_database_own_connections") or 0) >= 2
    assert page.value("pg_stat_database_numbackends", datname=name_of(url)) == 0


def test_our_own_statements_are_left_out(url: str) -> None:
    run(url, "CREATE EXTENSION pg_stat_statements", "SELECT pg_stat_statements_reset()")
    with watching(database={"url": url, **FAST}) as exporter:
        whole(exporter, *PARTS)
    # by now all statements of ours are there, from an exporter of another life
    run(url, *["SELECT count(*) FROM pg_type a, pg_type b"] * 3)
    with watching(database={"url": url, **FAST, "statements": 100}) as exporter:
        page = whole(exporter, "database.statements")
    shown = {labels["queryid"] for labels, _ in page.series("pg_stat_statements_calls_total")}
    with psycopg.connect(plain(url)) as client:
        texts: dict[str, str] = dict(
            client.execute(
                "SELECT queryid::text, query FROM pg_stat_statements"
                " WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ).fetchall()
        )
    assert any("pg_type" in texts[query] for query in shown)
    told = sorted(texts[query] for query in shown)
    assert not [text for text in told if ("pg_stat" in text and "reset" not in text) or "pg_am" in text], told
    assert not [
        text for text in told if "SAVEPOINT" in text or "READ ONLY" in text or "set_config" in text
    ], told
    assert len([text for text in texts.values() if "watchroom" in text]) > 10


def counted(*looks: tuple[float, float, int], reset: float = 1.0) -> list[float]:
    """What others added, by looks at a time, a count of the server and one of ours."""
    now = [0.0]
    others, seen = OtherClientsCounter(clock=lambda: now[0]), []
    for at, total, own in looks:
        now[0] = at
        seen.append(others.update(total, own, reset))
    return seen


def test_our_own_transactions_may_be_counted_late_and_are_nobodys() -> None:
    looks = ((0.0, 100.0, 10), (1.0, 100.0, 15), (2.0, 115.0, 15), (3.0, 117.0, 16), (4.0, 120.0, 17))
    assert counted(*looks) == [0, 0, 0, 1, 3]


def test_after_a_reset_ours_of_the_last_seconds_may_be_counted_anew() -> None:
    before = [(float(second), 100.0 + second, second) for second in range(21)]
    # of the 12 that the server counts now, ten may be ours: those of the ten seconds before
    assert counted(*before, (21.0, 12.0, 21))[-1] == 0 + 12 - (21 - 10)
    # what we did before the first look may be counted after it
    assert counted((0.0, 100.0, 5), (1.0, 140.0, 5), (30.0, 9.0, 5)) == [0, 40 - 5, 40 - 5 + 9]
