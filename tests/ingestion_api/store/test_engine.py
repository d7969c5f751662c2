"""The service works on a PostgreSQL of encoding SQL_ASCII, with text beyond ASCII in it."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from starlette.testclient import TestClient

from ingestion_api.alerts.webhook import EXAMPLE
from ingestion_api.resources.rows import read_texts, store_vectors
from ingestion_api.resources.table import ResourceDatabase
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from tests.ingestion_api.conftest import MORNING
from tests.ingestion_api.resources.backend_table import add_rows, make_table, vectors
from tests.servers.fixtures import postgres_folder, started
from tests.servers.postgres_server import PostgresServer, plain

WORDS = "Größe der Läden, 灯台, 🗼"


@pytest.fixture(scope="module")
def sql_ascii() -> Iterator[PostgresServer]:
    """A cluster as initdb makes it where no locale is set."""
    with postgres_folder() as folder, started(PostgresServer(folder, encoding="SQL_ASCII")) as server:
        yield server


def test_the_server_has_no_encoding(sql_ascii: PostgresServer) -> None:
    """Else this file would prove nothing."""
    with psycopg.connect(plain(sql_ascii.fresh_database())) as connection:
        assert connection.info.parameter_status("server_encoding") == "SQL_ASCII"


def test_the_service_keeps_what_it_is_told(
    start: Callable[..., TestClient], sql_ascii: PostgresServer
) -> None:
    """Labels, names of labels and notes come back as they were sent."""
    client = start(database_url=sql_ascii.fresh_database())
    notice = {**EXAMPLE["alerts"][0], "labels": {"alertname": WORDS, "größe": WORDS}}
    told = client.post("/api/v1/alerts/webhook", json={"alerts": [notice]})
    assert (told.status_code, told.json()) == (200, {"new": 1, "known": 0, "refused": 0, "truncated": 0})
    acknowledged = client.post("/api/v1/alerts/1/acknowledge", json={"note": WORDS})
    assert acknowledged.status_code == 200
    (alert,) = client.get("/api/v1/alerts").json()["alerts"]
    assert alert["labels"] == {"alertname": WORDS, "größe": WORDS}
    assert (alert["name"], alert["acknowledgement"]["note"]) == (WORDS, WORDS)
    assert client.get("/api/v1/audit").json()["changes"][0]["subject"] == WORDS


def test_resources_are_read_whatever_bytes_stand_in_them(
    settings: Callable[..., Settings], sql_ascii: PostgresServer
) -> None:
    """What is UTF-8 as it was written; of what is none, the rest."""
    url = sql_ascii.fresh_database()
    make_table(url)
    ids = add_rows(url, 2)
    with psycopg.connect(plain(url), client_encoding="SQL_ASCII") as connection:
        for key, title in zip(ids, (WORDS.encode(), "Läden".encode("latin-1")), strict=True):
            connection.execute(b"UPDATE resources SET title = '%s' WHERE id = '%s'" % (title, key.encode()))
    own = Store.at(url)
    resources = ResourceDatabase(settings(resources_url=url), own.engine)
    titles = {found.id.strip(): found.text.split("\n")[0] for found in read_texts(resources.table(), ids)}
    assert titles == {ids[0]: WORDS, ids[1]: "L\ufffdden"}
    store_vectors(resources.table(), [(key, '{"3": 1.0}') for key in ids], "bm25", MORNING)
    assert vectors(url) == dict.fromkeys(ids, ('{"3": 1.0}', "bm25"))
    resources.close()
    own.close()
