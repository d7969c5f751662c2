"""What a role of PostgreSQL may not see is missing, never 0; and the documented role sees everything."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.exporter.backend_tables import create, run
from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.whole_page import whole
from tests.servers.postgres_server import PostgresServer, plain
from tests.servers.waiting import eventually

FAST = {"fast_period": 0.05, "statistics_period": 0.1, "period": 0.2, "rows_period": 0.2}
OPERATIONS = Path(__file__).parents[4] / "docs" / "operations.md"
PARTS = (
    "database.tables", "database.sizes", "database.activity", "database.statistics", "database.locks",
    "database.statements", "engagement.created", "recommendations.feedback", "ingestion.resources",
    "sparse_embeddings.coverage", "sparse_embeddings.evidence", "postgresql",
)  # fmt: skip


@pytest.fixture
def url(own_postgres_server: PostgresServer) -> str:
    """A database with the backend's tables and pg_stat_statements, on a server of its own."""
    url = create(own_postgres_server.fresh_database())
    run(url, "CREATE EXTENSION pg_stat_statements")
    return url


def documented_sql(database: str) -> list[str]:
    """The statements of docs/operations.md that make the reader, for this database."""
    block = re.search(r"```sql\n(CREATE ROLE watchroom_reader.*?)```", OPERATIONS.read_text(), re.DOTALL)
    assert block is not None
    text = re.sub("--.*", "", block[1]).replace("DATABASE backend", f"DATABASE {database}")
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def seen_as(url: str, role: str) -> str:
    """The URL with which this role reads."""
    return url.replace("watchroom@", f"{role}@")


@contextmanager
def reader(url: str, *statements: str) -> Iterator[Watched]:
    """An exporter that reads as a role for which these statements have been run."""
    run(url, "CREATE ROLE reader LOGIN", *statements)
    with watching(database={"url": seen_as(url, "reader"), **FAST}) as exporter:
        yield exporter


def failed(exporter: Watched, part: str, caplog: pytest.LogCaptureFixture, sentence: str) -> Page:
    """The page of a part that fails with this sentence, and shows nothing."""

    def fails() -> Page:
        page = exporter.page(part)
        assert page.value("ops_collector_success", collector=part) == 0
        assert sentence in caplog.text, caplog.text
        return page

    page = eventually(fails)
    assert {name for name in page.names() if not name.startswith(("ops_collector", "ops_build"))} == set()
    return page


def test_the_documented_reader_sees_everything(url: str) -> None:
    name = url.rpartition("/")[2]
    run(url, *documented_sql(name))
    with psycopg.connect(plain(url), application_name="shop") as client:
        client.execute("SELECT 1")
        settings = {"url": seen_as(url, "watchroom_reader"), "long_transaction": 0.1, **FAST}
        with watching(database=settings) as exporter:
            page = whole(exporter, *PARTS)
            assert eventually(
                lambda: exporter.page("database.activity").value("pg_long_running_transactions") == 1
            )
            assert whole(exporter, "database.ping").value("pg_up") == 1
    assert page.value("pg_stat_activity_count", application_name="shop", state="idle in transaction") == 1
    assert page.value("ops_engagement_objects", object="resources") == 0
    assert page.value("ops_sparse_embeddings_resources", state="with") == 0
    assert {labels["datname"] for labels, _ in page.series("pg_database_size_bytes")} == {name, "postgres"}


def test_the_documented_reader_cannot_write_or_read_more(url: str) -> None:
    run(url, *documented_sql(url.rpartition("/")[2]))
    for statement in ("DELETE FROM users", "SELECT username FROM users", "CREATE TABLE public.mine (x int)"):
        with (
            psycopg.connect(plain(seen_as(url, "watchroom_reader"))) as client,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            client.execute(statement)


@pytest.mark.parametrize("part", ["database.activity", "database.statements"])
def test_what_other_roles_do_is_missing(url: str, caplog: pytest.LogCaptureFixture, part: str) -> None:
    with reader(url) as exporter:
        failed(exporter, part, caplog, "GRANT pg_monitor TO reader")
        # what nobody hides is read in the same transaction
        assert "pg_locks_count" in whole(exporter, "database.locks").names()
        assert "pg_stat_database_deadlocks" in whole(exporter, "database.statistics").names()
        run(url, "GRANT pg_monitor TO reader")
        whole(exporter, part)


def test_the_locks_of_others_are_seen_without_a_right(url: str) -> None:
    with (
        psycopg.connect(plain(url)) as holder,
        reader(url) as exporter,
    ):
        holder.execute("LOCK TABLE resources IN SHARE MODE")
        assert eventually(
            lambda: exporter.page("database.locks").value(
                "pg_locks_count", datname=url.rpartition("/")[2], mode="sharelock"
            ) == 1
        )  # fmt: skip


def test_sizes_of_databases_that_are_hidden(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with reader(url, "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC") as exporter:
        failed(exporter, "database.sizes", caplog, "GRANT pg_monitor TO reader")
        assert whole(exporter, "database.tables").value("ops_database_size_bytes")
        run(url, "GRANT pg_read_all_stats TO reader")
        whole(exporter, "database.sizes")


@pytest.mark.parametrize(
    ("done", "sentence", "mended"),
    [
        ("GRANT USAGE ON SCHEMA public TO reader", "GRANT SELECT (feedback_type, created_at) ON "
         "recommendation_feedback TO reader", "GRANT SELECT ON recommendation_feedback TO reader"),
        ("REVOKE USAGE ON SCHEMA public FROM PUBLIC", "GRANT USAGE ON SCHEMA public TO reader",
         "GRANT USAGE ON SCHEMA public TO reader; GRANT SELECT ON recommendation_feedback TO reader"),
        ("ALTER ROLE reader SET search_path = elsewhere", "ALTER ROLE reader SET search_path = public",
         "ALTER ROLE reader RESET search_path; GRANT SELECT ON recommendation_feedback TO reader"),
        ("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; "
         "ALTER TABLE recommendation_feedback ENABLE ROW LEVEL SECURITY", "ALTER ROLE reader BYPASSRLS",
         "ALTER ROLE reader BYPASSRLS"),
    ],
)  # fmt: skip
def test_rows_that_are_hidden(
    url: str, caplog: pytest.LogCaptureFixture, done: str, sentence: str, mended: str
) -> None:
    with reader(url, *done.split("; ")) as exporter:
        failed(exporter, "recommendations.feedback", caplog, sentence)
        run(url, *mended.split("; "))
        # a connection keeps the search_path it began with
        run(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
        whole(exporter, "recommendations.feedback")
