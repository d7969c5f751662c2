"""The worker's consumer outlives a broker that goes away, and one that silently stops."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from redis import Redis

from tests.ingestion_api.client import Jobs
from tests.ingestion_api.git_server import GatedServer, serving, write_repository
from tests.ingestion_api.processes import AUTHORIZED, ServiceProcess, environment, worker
from tests.servers.celery_worker import CeleryWorker
from tests.servers.fixtures import folder_in, started
from tests.servers.redis_server import RedisServer
from tests.servers.tcp_proxy import TcpProxy, proxying
from tests.servers.waiting import eventually

NOTICED = 25.0  # seconds: five or so without load


@dataclass(frozen=True)
class Line(Jobs):
    """A service and a worker whose connections to the broker lead through a proxy."""

    git: GatedServer
    hands: CeleryWorker
    proxy: TcpProxy

    def worker(self) -> dict[str, Any]:
        """What the worker's last heartbeat says."""
        found: dict[str, Any] = self.client.get("/api/v1/ingestion/worker/status").json()["workers"][0]
        return found


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """All of it, with one repository that is slow for as long as the gate is closed."""
    folder = tmp_path_factory.mktemp("half-open")
    root = folder / "repositories"
    for name in ("lamp", "oil", "slow", "wick"):
        write_repository(root / name, {"README.md": "The lamp turns."})
    git = GatedServer(root)
    with started(RedisServer(folder_in(folder, "redis"))) as redis, proxying(redis.port) as proxy:
        env = environment(folder / "run", f"redis://127.0.0.1:{proxy.port}/0")
        service = ServiceProcess(folder / "service.log", env)
        hands = worker(folder, env, "hands")
        with (
            serving(git),
            started(service),
            started(hands),
            httpx2.Client(base_url=service.url, headers=AUTHORIZED, timeout=10.0) as client,
        ):
            yield Line(client, git, hands, proxy)
            git.gate.set()


def test_a_worker_that_waits_notices_that_nothing_will_come(line: Line) -> None:
    line.until(line.ingest("lamp"), "complete")
    assert line.proxy.swallow() >= 2
    began = time.monotonic()
    line.until(line.ingest("oil"), "complete", within=NOTICED)
    assert time.monotonic() - began < NOTICED
    said = ("dropping stale connection", "Connection to broker lost")
    assert any(words in line.hands.output() for words in said)
    assert line.hands.running


def test_a_worker_that_cannot_acknowledge_goes_on(line: Line) -> None:
    slow = line.ingest("slow")
    line.until(slow, "processing")
    line.proxy.swallow()
    line.git.gate.set()
    line.until(slow, "complete")
    line.until(line.ingest("wick"), "complete", within=NOTICED)
    assert line.job(slow)["attempts"] == 1
    assert line.hands.running


def test_the_heartbeat_tells_of_a_consumer_that_hears_nothing(line: Line) -> None:
    line.git.gate.set()
    eventually(lambda: line.worker()["status"] == "online")
    line.proxy.swallow(new=True)
    eventually(lambda: line.worker()["status"] == "degraded", within=NOTICED)
    assert line.worker()["broker_lost_at"] is not None
    assert "does not hear its broker" in line.client.get("/-/workers").json()["detail"]
    assert "the broker has not replied for" in line.hands.output()
    line.proxy.heal()
    eventually(lambda: line.worker()["status"] == "online", within=NOTICED)
    assert line.worker()["broker_lost_at"] is None
    assert "the broker replies again" in line.hands.output()


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
