"""A connection to PostgreSQL that ended without a word is noticed within some 20 seconds."""

import os
import socket

import pytest
from sqlalchemy import Engine

from ingestion_api.store.engine import open_backend_engine, open_engine
from tests.servers.postgres_server import PostgresServer


def options(engine: Engine) -> dict[str, int]:
    """What the system was told of the connection's socket, in seconds, or milliseconds for the last one."""
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        with socket.socket(fileno=os.dup(driver.fileno())) as its:
            names = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
            found = {name: its.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in names}
    engine.dispose()
    return found


@pytest.mark.parametrize("open_one", [open_engine, open_backend_engine])
def test_the_system_asks_and_gives_up_soon(postgres_server: PostgresServer, open_one: object) -> None:
    assert callable(open_one)
    found = options(open_one(postgres_server.url))
    assert found["TCP_KEEPIDLE"] + found["TCP_KEEPINTVL"] * found["TCP_KEEPCNT"] <= 20
    assert 0 < found["TCP_USER_TIMEOUT"] <= 20_000


def test_what_the_url_says_holds(postgres_server: PostgresServer) -> None:
    found = options(open_engine(f"{postgres_server.url}?tcp_user_timeout=90000&keepalives_idle=77"))
    assert (found["TCP_USER_TIMEOUT"], found["TCP_KEEPIDLE"]) == (90_000, 77)
