"""Pooled connections to PostgreSQL: few round trips, and none that is dead is used."""

from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text

from ingestion_api.store import Store
from ingestion_api.store.engine import open_engine
from tests.servers.postgres_server import PostgresServer, plain

BACKEND = text("SELECT pg_backend_pid()")
NOW = text("SELECT now()")  # when the transaction began


@pytest.fixture
def pings(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> tuple[Engine, list[object]]:
    """An engine, and the connections that it has pinged."""
    pinged: list[object] = []
    kind = type(open_engine(postgres_server.url).dialect)
    usual = kind.do_ping

    def ping(dialect: Any, connection: Any) -> bool:
        pinged.append(connection)
        return bool(usual(dialect, connection))

    monkeypatch.setattr(kind, "do_ping", ping)
    return open_engine(postgres_server.url), pinged


def test_a_connection_that_was_just_used_is_not_pinged(pings: tuple[Engine, list[object]]) -> None:
    engine, pinged = pings
    found = []
    for _ in range(3):
        with engine.connect() as connection:
            found.append(connection.execute(BACKEND).scalar_one())
    assert (len(set(found)), pinged) == (1, [])
    engine.dispose()


def test_one_that_the_server_has_ended_is_replaced(
    postgres_server: PostgresServer, pings: tuple[Engine, list[object]]
) -> None:
    """As after a restart, also in the second in which it was used."""
    engine, pinged = pings
    with engine.connect() as connection:
        before = connection.execute(BACKEND).scalar_one()
    with psycopg.connect(plain(postgres_server.url)) as other:
        # it waits until the other process is gone
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", (before,)).fetchone() == (True,)
    with engine.connect() as connection:
        assert connection.execute(BACKEND).scalar_one() != before
    assert len(pinged) == 1
    engine.dispose()


def test_an_idle_one_is_pinged(pings: tuple[Engine, list[object]], monkeypatch: pytest.MonkeyPatch) -> None:
    engine, pinged = pings
    monkeypatch.setattr("ingestion_api.store.liveness.FRESH_SECONDS", 0.0)
    for _ in range(2):
        with engine.connect() as connection:
            connection.execute(BACKEND)
    assert len(pinged) == 1
    engine.dispose()


def test_reading_opens_no_transaction_and_streaming_and_writing_do(postgres_server: PostgresServer) -> None:
    store = Store.at(postgres_server.url)
    with store.read() as session:
        assert session.execute(NOW).scalar_one() != session.execute(NOW).scalar_one()
    with store.read(streams=True) as session:
        assert session.execute(NOW).scalar_one() == session.execute(NOW).scalar_one()
    with store.write() as session:
        assert session.execute(NOW).scalar_one() == session.execute(NOW).scalar_one()
    store.close()
