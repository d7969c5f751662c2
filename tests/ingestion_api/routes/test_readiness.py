"""Readiness and health tell of a full disk and of a database that cannot be written."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from starlette.testclient import TestClient

from ingestion_api.store.write_probe import RESULT_MAX_AGE, WriteProbe
from tests.ingestion_api.conftest import service_behind
from tests.servers.postgres_server import PostgresServer

READY, HEALTH = "/-/ready", "/api/v1/ingestion/health"
INGEST = "/api/v1/ingestion/ingest/https://git.example/keeper/lamp"
MORE_THAN_ANY = 10**18


class Watch:
    """A monotonic clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The seconds it shows."""
        return self.now


def hurry(client: TestClient) -> Watch:
    """Let the service look whether its database can be written whenever the watch says so."""
    watch, service = Watch(), service_behind(client)
    client.app.state.write_probe = WriteProbe(service.store, service.clock, watch)  # type: ignore[attr-defined]
    return watch


def set_pragma(engine: Engine, words: str) -> Callable[..., None]:
    """Let every connection of an SQLite begin so; what ends that."""
    engine.dispose()

    def prepare(connection: Any, _record: object) -> None:
        connection.execute(words)

    event.listen(engine, "connect", prepare)
    return prepare


def test_a_full_disk_is_told(start: Callable[..., TestClient]) -> None:
    """The service's state needs room; the sentence says where, and how much."""
    client = start(min_free_bytes=MORE_THAN_ANY)
    answer = client.get(READY)
    assert answer.status_code == 503
    assert "/run/service is full: " in answer.json()["detail"]
    assert answer.json()["detail"].endswith(f" bytes are free; expected at least {MORE_THAN_ANY}.")
    health = client.get(HEALTH)
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
    assert health.json()["services"]["database"] == "healthy"
    assert health.json()["services"]["disk"].startswith("unhealthy: The disk of ")


@pytest.mark.parametrize(
    ("pragma", "said"),
    [("max_page_count=1", "its disk is full"), ("query_only=ON", "it is read-only")],
)
def test_a_file_that_cannot_be_written_is_told(client: TestClient, pragma: str, said: str) -> None:
    """By readiness, by health, and by the routes that write; it is over as soon as it can be again."""
    watch, engine = hurry(client), service_behind(client).store.engine
    assert client.get(READY).status_code == 200
    with service_behind(client).store.write() as session:
        session.execute(text("DELETE FROM write_probe"))
    listener = set_pragma(engine, f"PRAGMA {pragma}")
    assert client.get(READY).status_code == 200, "looked at again too soon"
    watch.now += RESULT_MAX_AGE
    sentence = f"The service's database cannot be written: {said}"
    if pragma.startswith("query_only"):
        answers = [client.get(READY), client.post(INGEST)]
        assert [answer.status_code for answer in answers] == [503, 503]
        assert all(answer.json()["detail"].startswith(sentence) for answer in answers)
        assert client.get(HEALTH).json()["services"]["database"] == f"unhealthy: {sentence}."
    event.remove(engine, "connect", listener)
    engine.dispose()
    watch.now += RESULT_MAX_AGE
    assert (client.get(READY).status_code, client.get(HEALTH).status_code) == (200, 200)


def test_a_server_that_is_read_only_is_told(
    start: Callable[..., TestClient], postgres_server: PostgresServer
) -> None:
    """As a replica is, or one whose disk has run full and was locked."""
    url = postgres_server.fresh_database()
    client = start(database_url=url)
    watch, engine = hurry(client), service_behind(client).store.engine
    assert client.get(READY).status_code == 200
    name = engine.url.database
    with service_behind(client).store.write() as session:
        session.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    engine.dispose()
    watch.now += RESULT_MAX_AGE
    sentence = "The service's database cannot be written: it is read-only"
    for answer in (client.get(READY), client.post(INGEST)):
        assert answer.status_code == 503
        assert answer.json()["detail"].startswith(sentence)
    assert client.get("/api/v1/ingestion/queue").status_code == 200


def test_other_writers_prove_nothing(client: TestClient) -> None:
    """A worker may hold the file for longer than the probe waits."""
    watch, store = hurry(client), service_behind(client).store
    assert client.get(READY).status_code == 200
    watch.now += RESULT_MAX_AGE
    with store.write() as session:
        session.execute(text("SELECT 1"))
        assert client.get(READY).status_code == 200
