"""A worker that loses its broker at a bad moment goes on with the same process."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from redis import Redis

from tests.ingestion_api.client import Jobs
from tests.ingestion_api.git_server import GatedServer, serving, write_repository
from tests.ingestion_api.processes import AUTHORIZED, ServiceProcess, environment, worker
from tests.servers.celery_worker import CeleryWorker
from tests.servers.fixtures import started
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually


@dataclass(frozen=True)
class Desk(Jobs):
    """A service, and a worker that still waits for messages while it works on one."""

    git: GatedServer
    hands: CeleryWorker


@pytest.fixture
def desk(tmp_path: Path, own_redis_server: RedisServer) -> Iterator[Desk]:
    """All of it, with one repository that is slow for as long as the gate is closed."""
    root = tmp_path / "repositories"
    for name in ("lamp", "slow"):
        write_repository(root / name, {"README.md": "The lamp turns."})
    env = environment(tmp_path / "run", own_redis_server.url)
    service = ServiceProcess(tmp_path / "service.log", env)
    hands = worker(tmp_path, env, "hands", processes=2)
    git = GatedServer(root)
    with (
        serving(git),
        started(service),
        started(hands),
        httpx2.Client(base_url=service.url, headers=AUTHORIZED, timeout=10.0) as client,
    ):
        yield Desk(client, git, hands)
        git.gate.set()


def test_a_lost_connection_takes_no_worker_with_it(desk: Desk, own_redis_server: RedisServer) -> None:
    """Lost first where it listens to commands, while a job runs whose message is not acknowledged yet."""
    slow = desk.ingest("slow")
    desk.until(slow, "processing")
    with own_redis_server.client(0) as client:
        hang_up(client)
        eventually(lambda: "Connection to broker lost" in desk.hands.output(), within=10.0)
        client.config_set("maxclients", 10_000)
    desk.git.gate.set()
    desk.until(slow, "complete")
    desk.until(desk.ingest("lamp"), "complete")
    assert desk.hands.running


def hang_up(client: "Redis") -> None:
    """Close all connections but this one, subscriptions first, and let nobody in."""
    with client.pipeline(transaction=True) as at_once:
        at_once.config_set("maxclients", 1)
        at_once.client_kill_filter(_type="pubsub")
        at_once.client_kill_filter(_type="normal", skipme=True)
        at_once.execute()
