"""What watching costs a PostgreSQL server: transactions a second, and how they are shared."""

import time

import psycopg

from tests.exporter.backend_tables import create
from tests.exporter.exporter_page import Watched, watching
from tests.servers.postgres_server import PostgresServer, plain
from tests.servers.waiting import eventually

SECONDS = 10.0
FAST_LANE = 0.25  # seconds between two scrapes of the ping, as prometheus.yml has it
MOST = 5.0  # transactions a second


def transactions(server: PostgresServer, database: str) -> int:
    """Those that the server has counted in this database.

    A session that reads no table is counted only when it ends, so this is read after the exporter's.
    """
    with psycopg.connect(plain(server.url)) as client:
        counted = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"
        row = client.execute(counted, [database]).fetchone()
    assert row is not None
    return int(row[0])


def settled(server: PostgresServer, database: str) -> int:
    """The same once no session is left in this database."""
    with psycopg.connect(plain(server.url)) as client:
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        client.autocommit = True
        eventually(lambda: client.execute(sessions, [database]).fetchone() == (0,))
    return transactions(server, database)


def scrape_for(exporter: Watched, seconds: float) -> None:
    """Scrape the ping four times a second."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        exporter.page("database.ping")
        time.sleep(min(FAST_LANE, left))


def test_few_transactions_a_second_at_the_default_settings(own_postgres_server: PostgresServer) -> None:
    url = create(own_postgres_server.fresh_database())
    name = url.rpartition("/")[2]
    before, began = settled(own_postgres_server, name), time.monotonic()
    with watching(database={"url": url}) as exporter:
        scrape_for(exporter, 2)
        exporter.page()
        scrape_for(exporter, SECONDS)
    rate = (settled(own_postgres_server, name) - before) / (time.monotonic() - began)
    print(f"{rate:.2f} transactions a second, connecting among them")
    assert 1.5 < rate <= MOST
