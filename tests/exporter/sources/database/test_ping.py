"""Silence of the database is believed when a second, fresh connection meets it too, and not before."""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from exporter.errors import SourceTimeout
from exporter.settings_stores import DatabaseSettings as Settings
from exporter.sources.database.drivers import make_driver
from exporter.sources.database.reader import DatabaseReader
from exporter.sources.database.source import DatabaseSource
from tests.exporter.exporter_page import Watched, watching
from tests.servers.ports import free_port
from tests.servers.postgres_server import PostgresServer, plain
from tests.servers.waiting import eventually

FAST_LANE = 0.25  # seconds between two scrapes, as prometheus.yml has it


class Wire:
    """A way to the server on which the connections of the moment can be made silent, without an end."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self._to = port
        self._silent: set[socket.socket] = set()
        self._open: set[socket.socket] = set()
        self.accepted = 0
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def silence(self) -> None:
        """Let no answer through on the connections that are open now."""
        self._silent |= self._open

    def close(self) -> None:
        """End all of it."""
        self._listener.close()
        for end in list(self._open):
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            far = socket.create_connection(("127.0.0.1", self._to))
            self._open |= {near, far}
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                if source not in self._silent:
                    target.sendall(data)
        except OSError:
            pass
        target.close()


@pytest.fixture
def wire(own_postgres_server: PostgresServer) -> Iterator[Wire]:
    """A wire to a server of one's own."""
    wire = Wire(own_postgres_server.port)
    yield wire
    wire.close()


def scrapes(exporter: Watched, seconds: float) -> list[tuple[float, float | None]]:
    """What four scrapes a second say of the database, with the time since the first."""
    began, said = time.monotonic(), []
    while (now := time.monotonic() - began) < seconds:
        page = exporter.page("database.ping", timeout=FAST_LANE)
        said.append((time.monotonic() - began, page.value("ops_database_up")))
        time.sleep(max(now + FAST_LANE - (time.monotonic() - began), 0))
    return said


def pinged(url: str, ask: Callable[[DatabaseSource], Awaitable[None]], **settings: float) -> DatabaseSource:
    """The database after these pings, closed again."""

    async def run() -> DatabaseSource:
        database = DatabaseSource(Settings(url=SecretStr(url), **settings))
        try:
            await database.ping.refresh()
            await ask(database)
        finally:
            await database.close()
        return database

    return asyncio.run(run())


def test_one_silent_connection_is_no_silent_database(own_postgres_server: PostgresServer, wire: Wire) -> None:
    url = own_postgres_server.fresh_database().replace(str(own_postgres_server.port), str(wire.port))
    with watching(database={"url": url}) as exporter:
        scrapes(exporter, 1.5)
        wire.silence()
        said = scrapes(exporter, 4)
    assert {up for _, up in said} == {1}


def test_a_frozen_server_is_told_after_two_silences(own_postgres_server: PostgresServer) -> None:
    with watching(database={"url": own_postgres_server.fresh_database()}) as exporter:
        scrapes(exporter, 1.5)
        own_postgres_server.freeze()
        said = scrapes(exporter, 3.5)
        own_postgres_server.thaw()
        assert eventually(lambda: exporter.page("database.ping").value("ops_database_up") == 1, within=10)
    # the verdict of before stands until then, without a gap
    assert None not in {up for _, up in said}
    first = next(at for at, up in said if up == 0)
    assert 1.9 < first < 2.9
    assert all(up == 0 for at, up in said if at > first)


def test_a_stopped_server_is_told_at_the_next_ping(own_postgres_server: PostgresServer) -> None:
    with watching(database={"url": own_postgres_server.fresh_database()}) as exporter:
        scrapes(exporter, 1.5)
        threading.Timer(0.5, own_postgres_server.stop).start()
        said = scrapes(exporter, 3)
    stopped = next(at for at, up in said if up == 0)
    assert stopped < 0.5 + 0.4 + 2 * FAST_LANE + 0.3
    assert None not in {up for _, up in said}


def test_sessions_that_are_ended_are_no_outage(own_postgres_server: PostgresServer) -> None:
    url = own_postgres_server.fresh_database()
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'watchroom-exporter'"
    )
    with (
        watching(database={"url": url, "fast_period": 0.02, "statistics_period": 0.1}) as exporter,
        psycopg.connect(plain(url), autocommit=True) as client,
    ):
        eventually(lambda: exporter.page("database.ping").value("pg_up") == 1)
        for _ in range(60):
            client.execute(end)
            assert exporter.page("database.ping").value("pg_up") == 1
        assert eventually(lambda: "pg_locks_count" in exporter.page("database.locks").names())


def test_silence_while_we_ourselves_were_stalled_proves_nothing(own_postgres_server: PostgresServer) -> None:
    url = own_postgres_server.fresh_database()

    def slow(connection: Connection) -> int:
        return int(connection.execute(text("SELECT 1 FROM pg_sleep(0.3)")).scalar_one())

    async def stalled() -> int:
        # whose statements the server itself does not end
        link = DatabaseReader("test", make_driver(url).for_ping(), 0.5)
        try:
            await link.read(slow)
            reading = asyncio.create_task(link.read(slow))
            await asyncio.sleep(0.05)
            own_postgres_server.freeze()
            # nothing of this process runs for longer than the reading may take
            time.sleep(0.8)  # noqa: ASYNC251
            own_postgres_server.thaw()
            return await reading
        finally:
            await link.close()

    assert asyncio.run(stalled()) == 1


def test_silence_without_a_stall_is_silence(own_postgres_server: PostgresServer) -> None:
    url = own_postgres_server.fresh_database()

    async def read() -> None:
        link = DatabaseReader("test", make_driver(url), 0.5)
        try:
            await link.read(lambda connection: connection.execute(text("SELECT pg_sleep(9)")).scalar_one())
        finally:
            await link.close()

    began = time.monotonic()
    with pytest.raises(SourceTimeout):
        asyncio.run(read())
    assert time.monotonic() - began < 1.5


def test_pings_make_one_connection(own_postgres_server: PostgresServer, wire: Wire) -> None:
    url = own_postgres_server.fresh_database().replace(str(own_postgres_server.port), str(wire.port))

    async def ask(database: DatabaseSource) -> None:
        for _ in range(50):
            await database.ping.refresh()

    database = pinged(url, ask)
    assert wire.accepted == 1
    assert database.own_transactions["second ping"] == 0
    assert 51 <= database.own_transactions["ping"] <= 58
