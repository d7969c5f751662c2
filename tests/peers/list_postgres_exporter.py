"""Writes what Debian's postgres_exporter exports: `python -m tests.peers.list_postgres_exporter`.

It runs with its default collectors against a PostgreSQL of its own, which has a table and a replication slot.
"""

from pathlib import Path

import psycopg

from tests.peers.pages import described, one_a_line, scrape_peer
from tests.servers.fixtures import postgres_folder, started
from tests.servers.postgres_server import PostgresServer, plain

LIST = Path(__file__).with_name("postgres_exporter.json")
COMMAND = ("prometheus-postgres-exporter", "--web.listen-address={address}")


def peer_page(url: str) -> str:
    """One scrape of the peer, which watches the database at this URL."""
    return scrape_peer(COMMAND, DATA_SOURCE_NAME=f"{plain(url)}?sslmode=disable")


def main() -> None:
    """Write the list."""
    with postgres_folder() as folder, started(PostgresServer(folder)) as server:
        with psycopg.connect(plain(server.url), autocommit=True) as connection:
            connection.execute("CREATE TABLE listed (id serial PRIMARY KEY)")
            connection.execute("SELECT pg_create_physical_replication_slot('listed', true)")
        LIST.write_text(one_a_line(described(peer_page(server.url))))


if __name__ == "__main__":
    main()
