"""Writes what Debian's redis_exporter exports: `python -m tests.peers.list_redis_exporter`.

It runs as it is installed, with its system metrics, against a master that writes an AOF, and its replica.
"""

import json
import re
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.servers.fixtures import folder_in, started
from tests.servers.ports import free_port
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

LIST = Path(__file__).with_name("redis_exporter.json")
NOT_ITS_SUBJECT = ("go_", "process_", "promhttp_")
Described = dict[str, dict[str, object]]


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
    port = free_port()
    process = subprocess.Popen(
        [
            "prometheus-redis-exporter", "-include-system-metrics", "-redis.addr", server.url,
            "-web.listen-address", f"127.0.0.1:{port}",
        ],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return str(eventually(lambda: scrape(port), within=10))
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


def described(*pages: str) -> Described:
    """Type and label names of each family of these pages, by the name of its series."""
    return {
        series_name(family.name, page): {
            "type": "untyped" if family.type == "unknown" else family.type,
            "labels": sorted(
                {name for sample in family.samples for name in sample.labels} - {"le", "quantile"}
            ),
        }
        for page in pages
        for family in text_string_to_metric_families(page)
        if family.samples and not family.name.startswith(NOT_ITS_SUBJECT)
    }


def series_name(family: str, page: str) -> str:
    """The name on the page: the parser takes _total from counters, and gives it to those that have none."""
    total = f"{family}_total"
    return total if re.search(rf"^{total}[ {{]", page, re.MULTILINE) else family


def main() -> None:
    """Write the list."""
    with (
        tempfile.TemporaryDirectory() as folder,
        master_and_replica(Path(folder)) as (master, replica),
    ):
        found = described(peer_page(master), peer_page(replica))
    LIST.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
