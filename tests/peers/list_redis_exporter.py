"""Writes what Debian's redis_exporter exports: `python -m tests.peers.list_redis_exporter`.

It runs as it is installed, with its system metrics, against a master that writes an AOF, and its replica.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.pages import described, one_a_line, scrape_peer
from tests.servers.fixtures import folder_in, started
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

LIST = Path(__file__).with_name("redis_exporter.json")
COMMAND = ("prometheus-redis-exporter", "-include-system-metrics", "-web.listen-address", "{address}")


@contextmanager
def master_and_replica(folder: Path) -> Iterator[tuple[RedisServer, RedisServer]]:
    """Two servers, the second a connected replica of the first, which has something of each kind."""
    master, replica = RedisServer(folder_in(folder, "master")), RedisServer(folder_in(folder, "replica"))
    with started(master), started(replica), master.client() as client, replica.client() as follower:
        client.config_set("appendonly", "yes")
        client.config_set("repl-diskless-sync-delay", 0)
        client.set("a", 1, ex=1000)
        client.pipeline(transaction=False).lpush("a", 1).execute(raise_on_error=False)
        client.config_set("latency-monitor-threshold", 1)
        client.eval("for i = 1, 3000000 do end", 0)
        follower.replicaof("127.0.0.1", str(master.port))
        eventually(lambda: follower.info()["master_link_status"] == "up", within=10)
        eventually(lambda: client.info()["slave0"]["state"] == "online", within=10)
        yield master, replica


def peer_page(server: RedisServer) -> str:
    """One scrape of the peer, which watches this server."""
    return scrape_peer((*COMMAND, "-redis.addr", server.url))


def main() -> None:
    """Write the list."""
    with (
        tempfile.TemporaryDirectory() as folder,
        master_and_replica(Path(folder)) as (master, replica),
    ):
        found = described(peer_page(master), peer_page(replica))
    LIST.write_text(one_a_line(found))


if __name__ == "__main__":
    main()
