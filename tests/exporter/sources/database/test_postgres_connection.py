"""Databases of any encoding, and names beyond ASCII, in whatever bytes they are kept."""

from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.exporter.backend_tables import FEEDBACK, RESOURCES, create, insert, run, sqlite_url
from tests.exporter.exporter_page import watching
from tests.exporter.whole_page import whole
from tests.servers.postgres_server import PostgresServer, plain

FAST = {"fast_period": 0.05, "statistics_period": 0.1, "period": 0.2, "rows_period": 0.2}
PARTS = (
    "database.ping", "database.tables", "database.sizes", "database.activity", "database.statistics",
    "database.locks", "database.statements", "engagement.created", "recommendations.feedback",
    "ingestion.resources", "sparse_embeddings.coverage", "sparse_embeddings.evidence",
)  # fmt: skip


def database_of(server: PostgresServer, encoding: str) -> str:
    """The URL of an empty database of this encoding."""
    name = f"in_{encoding.lower()}"
    with psycopg.connect(plain(server.url), autocommit=True) as client:
        options = sql.SQL("ENCODING {} LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0").format(encoding)
        client.execute(sql.SQL("CREATE DATABASE {} ").format(sql.Identifier(name)) + options)
    return server.url.rpartition("/")[0] + f"/{name}"


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "WIN1251", "EUC_JP", "UTF8"])
def test_each_encoding_is_read(own_postgres_server: PostgresServer, encoding: str) -> None:
    url = create(database_of(own_postgres_server, encoding) + "?client_encoding=utf8")
    name = {"LATIN1": "Größe", "WIN1251": "размер", "EUC_JP": "大きさ"}.get(encoding, "größe大")
    run(url, f'CREATE TABLE "{name}" (x int)', f'CREATE ROLE "{name}" LOGIN')
    model = {"sparse_embedding": '{"1": 0.5}', "sparse_embedding_model": name}
    insert(url, RESOURCES, [{"title": name, "ingestion_status": name, **model}] * 2)
    insert(url, FEEDBACK, [{"feedback_type": "view", "context": {"recommendation_strategy": name}}])
    with watching(database={"url": url, **FAST}) as exporter:
        page = whole(exporter, *PARTS)
    assert page.value("pg_up") == 1
    assert page.value("ops_database_table_rows", table=name) == 0
    assert page.value("ops_sparse_embeddings_model_resources", model=name) == 2
    assert page.value("ops_sparse_embeddings_sampled", model=name) == 2
    assert page.value("ops_recommendations_impressions", strategy=name, window="1d") == 1


def test_bytes_that_are_no_text_cost_nothing_else(own_postgres_server: PostgresServer) -> None:
    url = create(database_of(own_postgres_server, "SQL_ASCII") + "?client_encoding=utf8")
    with psycopg.connect(plain(url.partition("?")[0]), client_encoding="latin1", autocommit=True) as client:
        client.execute('CREATE TABLE "größe" (x int)')  # whose name is no UTF-8
        client.execute("INSERT INTO resources (id, ingestion_status) VALUES ('1', 'fällig')")
    with watching(database={"url": url, **FAST}) as exporter:
        page = whole(exporter, *PARTS)
    assert page.value("ops_database_table_rows", table="gr\ufffd\ufffde") == 0
    assert page.value("ops_database_table_rows", table="users") == 0


def test_json_that_stands_for_no_text(own_postgres_server: PostgresServer) -> None:
    url = create(own_postgres_server.fresh_database())
    strategies = ["graph", "a\u0000b", "\ud83d\ude00", "gr\u00f6\u00dfe"]
    insert(
        url,
        FEEDBACK,
        [{"feedback_type": "view", "context": {"recommendation_strategy": s}} for s in strategies],
    )
    with watching(database={"url": url, **FAST}) as exporter:
        page = whole(exporter, "recommendations.feedback")
    seen = {labels["strategy"] for labels, _ in page.series("ops_recommendations_impressions", window="1d")}
    assert seen == {"graph", "a?b", "\U0001f600", "größe"}


def test_a_name_in_the_encoding_of_another_database(own_postgres_server: PostgresServer) -> None:
    strange = database_of(own_postgres_server, "LATIN1")
    run(strange, 'CREATE DATABASE "größe"')  # kept for all to see in the bytes of this one
    url = create(own_postgres_server.fresh_database())
    with watching(database={"url": url, **FAST}) as exporter:
        page = whole(exporter, *PARTS)
    assert len(page.series("pg_database_size_bytes")) == 4


def test_a_sqlite_file_with_bytes_that_are_no_text(tmp_path: Path) -> None:
    url = create(sqlite_url(tmp_path))
    insert(url, RESOURCES, [{}])
    run(url, "UPDATE resources SET ingestion_status = CAST(x'66e4' AS TEXT), title = CAST(x'ff' AS TEXT)")
    with watching(database={"url": url}) as exporter:
        assert whole(exporter, "database.tables", "ingestion.resources").value(
            "ops_database_table_rows", table="resources"
        ) == 1  # fmt: skip
