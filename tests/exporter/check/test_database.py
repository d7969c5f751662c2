"""The check of a database: what a role without rights cannot see, and the statement that grants it."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from exporter.check import run
from exporter.check.finding import FindingState, ReportSection
from exporter.settings import Settings
from exporter.sources.database.schema import CONTRACT_TABLES
from tests.servers.postgres_server import PostgresServer

READER = "reader"
WORD = "a-word-of-theirs"


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a reader who may connect and nothing else."""
    url = postgres_server.fresh_database()
    execute(url, "CREATE TABLE users (id text)", "CREATE TABLE resources (id text, ingestion_status text)")
    execute(url, f"CREATE ROLE {READER} LOGIN PASSWORD '{WORD}'")
    yield make_url(url).set(username=READER, password=WORD).render_as_string(hide_password=False)
    execute(url, f"DROP OWNED BY {READER}", f"DROP ROLE {READER}")


def execute(url: str, *statements: str) -> None:
    """Run statements as the owner."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def owner(url: str, postgres_server: PostgresServer) -> str:
    """The same database, as its owner."""
    own = make_url(postgres_server.fresh_database())
    return own.set(database=make_url(url).database).render_as_string(hide_password=False)


def checked(url: str) -> tuple[ReportSection, str]:
    """The section of the database, and the whole report."""
    settings = Settings.model_validate({"backend": {"url": "http://127.0.0.1:1"}, "database": {"url": url}})
    result = asyncio.run(run.run_check(settings))
    return next(it for it in result.sections if it.name == "database"), run.render_report(result, 100)


def test_a_reader_without_rights_reads_what_to_grant(database: str) -> None:
    found, report = checked(database)
    advice = {it.what: it.advice for it in found.findings if it.state is FindingState.HIDDEN}
    assert advice["sessions of others"] == f"GRANT pg_monitor TO {READER};"
    assert advice["tables denied"] == f"GRANT SELECT ON users, resources TO {READER};"
    assert WORD not in report
    assert READER not in report.partition("CACHE")[0].partition("DATABASE")[2].splitlines()[0]


def test_what_it_advises_is_enough(database: str, postgres_server: PostgresServer) -> None:
    """Whoever does what the table says sees all the next time."""
    for _ in range(3):
        found, _ = checked(database)
        statements = [
            it.advice
            for it in found.findings
            if it.state is FindingState.HIDDEN and it.advice.startswith("GRANT")
        ]
        if not statements:
            break
        execute(owner(database, postgres_server), *statements)
    assert [it for it in found.findings if it.state is FindingState.HIDDEN] == []
    assert "users, resources" in str(found.findings)


def test_a_role_with_just_these_rights_sees_all(database: str, postgres_server: PostgresServer) -> None:
    own = owner(database, postgres_server)
    execute(own, *(f"CREATE TABLE IF NOT EXISTS {name} (id text)" for name in CONTRACT_TABLES))
    assert checked(database)[0].hidden > 0
    execute(own, f"GRANT pg_read_all_stats TO {READER}", f"GRANT USAGE ON SCHEMA public TO {READER}")
    execute(own, f"GRANT EXECUTE ON FUNCTION pg_ls_waldir() TO {READER}")
    execute(own, *(f"GRANT SELECT (id) ON {name} TO {READER}" for name in CONTRACT_TABLES))
    found = [it.what for it in checked(database)[0].findings if it.state is FindingState.HIDDEN]
    assert found == ["resources"], "its ingestion_status is not granted yet"
    execute(own, f"GRANT SELECT (ingestion_status) ON resources TO {READER}")
    assert checked(database)[0].hidden == 0


def test_transactions_a_minute_are_counted(database: str) -> None:
    found, report = checked(database)
    ping = next(it for it in found.polls if it.name == "database ping")
    assert (ping.operations, ping.a_minute) == (1, 60 / Settings().database.fast_period)
    assert sum(it.operations for it in found.polls) <= 1 + len(CONTRACT_TABLES) + 8
    assert "transactions, " in report


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"port": 1}, "Start it, or correct DATABASE_URL; it must be reachable from this machine."),
        ({"database": "nowhere"}, "Correct the database's name in DATABASE_URL."),
    ],
)
def test_a_database_that_cannot_be_reached_is_one_row(
    database: str, change: dict[str, object], advice: str
) -> None:
    found, _ = checked(make_url(database).set(**change).render_as_string(hide_password=False))  # type: ignore[arg-type]
    assert [it.advice for it in found.findings] == [advice]


def test_a_database_that_is_frozen_is_told_within_seconds(own_postgres_server: PostgresServer) -> None:
    url = own_postgres_server.fresh_database()
    own_postgres_server.freeze()
    began = time.monotonic()
    found, _ = checked(url)
    own_postgres_server.thaw()
    assert time.monotonic() - began < 8
    assert found.findings[0].state is FindingState.HIDDEN


def test_a_file_of_sqlite_is_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/neo.db"
    execute(url, "CREATE TABLE users (id text)")
    found, _ = checked(url)
    assert found.hidden == 0
    assert "users" in str(found.findings)
