"""Writes what Debian's postgres_exporter exports: `python -m tests.peers.list_postgres_exporter`.

It runs with its default collectors against a PostgreSQL of its own, which has a table and a replication slot.
"""

import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import psycopg

from tests.peers.pages import described, one_a_line
from tests.servers.fixtures import postgres_folder, started
from tests.servers.ports import free_port
from tests.servers.postgres_server import PostgresServer, plain
from tests.servers.waiting import eventually

LIST = Path(__file__).with_name("postgres_exporter.json")


def peer_page(url: str) -> str:
    """One scrape of the peer, which watches the database at this URL."""
    port = free_port()
    process = subprocess.Popen(
        ["prometheus-postgres-exporter", f"--web.listen-address=127.0.0.1:{port}"],
        env={**os.environ, "DATA_SOURCE_NAME": f"{plain(url)}?sslmode=disable"},
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: scrape(port), within=10)
        return scrape(port) or ""
    finally:
        process.terminate()
        process.wait()


def scrape(port: int) -> str | None:
    """The page, None before the peer listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            return str(answer.read().decode())
    except urllib.error.URLError:
        return None


def main() -> None:
    """Write the list."""
    with postgres_folder() as folder, started(PostgresServer(folder)) as server:
        with psycopg.connect(plain(server.url), autocommit=True) as connection:
            connection.execute("CREATE TABLE listed (id serial PRIMARY KEY)")
            connection.execute("SELECT pg_create_physical_replication_slot('listed', true)")
        LIST.write_text(one_a_line(described(peer_page(server.url))))


if __name__ == "__main__":
    main()
