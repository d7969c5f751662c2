"""The server's own views, read from a real server and compared with its peer's page."""

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine

from exporter.errors import RequestFailed
from exporter.sources.database.drivers import APPLICATION_NAME
from exporter.sources.database.server_settings import read_settings, server_setting
from exporter.sources.database.server_views import (
    read_identity,
    read_processes,
    read_server,
    read_wal,
)
from tests.peers.list_postgres_exporter import peer_page
from tests.servers.postgres_server import PostgresServer, plain


def test_settings_have_the_peers_names_and_values(postgres_server: PostgresServer) -> None:
    families = text_string_to_metric_families(peer_page(postgres_server.url))
    peers = {
        f.name.removeprefix("pg_settings_"): f.samples[0].value for f in families if "pg_settings_" in f.name
    }
    engine = create_engine(postgres_server.url)
    with engine.connect() as connection:
        ours = {setting.name: setting.value for setting in read_settings(connection)}
    engine.dispose()
    of_a_session = {"extra_float_digits"}  # the peer's driver sets it
    assert len(peers) > 200
    assert peers.keys() - ours.keys() == set()
    assert {n for n, v in peers.items() if ours[n] != pytest.approx(v)} - of_a_session == set()


def test_a_unit_that_is_no_limit_keeps_its_number() -> None:
    assert server_setting("a.b", "-1", "8kB", False, "").value == -1
    assert server_setting("a.b", "2", "8kB", False, "").name == "a_b_bytes"
    assert server_setting("a.b", "2", "8kB", False, "").value == 16384
    assert server_setting("a", "1500", "ms", False, "").value == 1.5


def test_a_slot_a_checkpoint_and_the_wal_are_seen(postgres_server: PostgresServer) -> None:
    engine = create_engine(postgres_server.url)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_create_physical_replication_slot('watched', true)")
        try:
            server = read_server(connection)
        finally:
            connection.exec_driver_sql("SELECT pg_drop_replication_slot('watched')")
        wal, identity = read_wal(connection)["wal"][0], read_identity(connection, databases=20)
        processes = read_processes(connection, APPLICATION_NAME)
    engine.dispose()
    slot = next(row for row in server["slots"] if row.labels[0] == "watched")
    assert slot.values["active"] == 0
    assert slot.values["pg_wal_lsn_diff"] is not None
    assert server["bgwriter"][0].values["checkpoints_timed"] is not None
    assert (
        server["replication"][0].values["is_replica"] == server["replication"][0].values["lag_seconds"] == 0
    )
    assert "checkpointer" not in server  # PostgreSQL 15 has no such view
    assert wal.values["size_bytes"] == (wal.values["segments"] or 0) * 16 * 2**20
    assert identity["postmaster"][0].values["start_time_seconds"]
    assert "postgres" in {row.labels[0] for row in identity["databases"]}
    assert processes["standbys"] == processes["vacuums"] == ()


def test_what_a_role_may_not_see_is_refused_and_not_zero(postgres_server: PostgresServer) -> None:
    with psycopg.connect(plain(postgres_server.url), autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS plain_reader")
        connection.execute("CREATE ROLE plain_reader LOGIN")
    engine = create_engine(postgres_server.url.replace("watchroom@", "plain_reader@"))
    with engine.connect() as connection, pytest.raises(RequestFailed, match="GRANT pg_monitor"):
        read_processes(connection, APPLICATION_NAME)
    engine.dispose()
