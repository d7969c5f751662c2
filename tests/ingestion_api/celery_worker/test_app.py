"""Celery's own environment variables name what the watched backend uses: our worker must not follow them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from redis import Redis

from tests.ingestion_api.client import Jobs
from tests.ingestion_api.git_server import GitServer, serving, write_repository
from tests.ingestion_api.processes import AUTHORIZED, ServiceProcess, environment, worker
from tests.servers.fixtures import started
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

WATCHED, RESULTS, OWN = 0, 1, 4


@pytest.fixture
def jobs(tmp_path: Path, own_redis_server: RedisServer) -> Iterator[Jobs]:
    """A service and its worker, started where the backend's settings stand in the environment."""
    root = tmp_path / "repositories"
    write_repository(root / "lamp", {"README.md": "The lamp turns."})
    watched, results = own_redis_server.database(WATCHED), own_redis_server.database(RESULTS)
    env = environment(tmp_path / "run", own_redis_server.database(OWN)) | {
        "CELERY_BROKER_URL": watched,
        "CELERY_BROKER_READ_URL": watched,
        "CELERY_BROKER_WRITE_URL": watched,
        "BROKER_URL": watched,
        "CELERY_RESULT_BACKEND": results,
        "CELERY_LOADER": "default",
        "CELERY_CONFIG_MODULE": "backend_of_somebody.celeryconfig",
    }
    service, git = ServiceProcess(tmp_path / "service.log", env), GitServer(root)
    with (
        serving(git),
        started(service),
        started(worker(tmp_path, env, "hands")),
        httpx2.Client(base_url=service.url, headers=AUTHORIZED, timeout=10.0) as client,
    ):
        yield Jobs(client, git)


def test_a_worker_leaves_no_trace_at_the_watched_broker(jobs: Jobs, own_redis_server: RedisServer) -> None:
    with own_redis_server.client(OWN) as own, own.pubsub() as heard:
        heard.psubscribe("*")
        jobs.until(jobs.ingest("lamp"), "complete")
        channels: set[str] = set()
        eventually(lambda: hear(heard, channels) >= {f"/{OWN}.celeryev/worker.heartbeat"}, within=10)
        assert names(own, "_kombu.binding.*") >= {"_kombu.binding.ingestion", "_kombu.binding.celery.pidbox"}
        listened = {str(channel) for channel in own.pubsub_channels()}
    assert all(channel.startswith(f"/{OWN}.") for channel in channels | listened), channels | listened
    for database in (WATCHED, RESULTS):
        with own_redis_server.client(database) as other:
            assert names(other, "*") == set()


def hear(heard: object, channels: set[str]) -> set[str]:
    """The channels on which anything was sent until now, in whichever database."""
    while message := heard.get_message(ignore_subscribe_messages=True):  # type: ignore[attr-defined]
        channels.add(message["channel"])
    return channels


def names(client: "Redis", pattern: str) -> set[str]:
    """The keys of one database that fit the pattern."""
    return {str(key) for key in client.scan_iter(pattern)}


def test_the_former_paths_lead_to_the_same_application_and_consumer() -> None:
    code = (
        "from ingestion_api.worker import app as old_app, consumer as old\n"
        "from ingestion_api.celery_worker import app, consumer as new\n"
        "print(old_app.app is app.app, old.LastingConsumer is new.ReconnectingConsumer)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


@pytest.mark.parametrize("broker", ["redis://127.0.0.1:1/0", "nowhere"])
def test_a_misspelled_variable_is_told_also_beside_an_error(broker: str) -> None:
    env = {**os.environ, "SERVICE_BROKER_URL": broker, "SERVICE_BROKERURL": "redis://127.0.0.1:2/0"}
    done = subprocess.run(
        [sys.executable, "-c", "import ingestion_api.celery_worker.app"],
        capture_output=True,
        text=True,
        check=False,
        env=env,
    )
    assert (done.returncode == 0) == broker.startswith("redis")
    assert "SERVICE_BROKERURL is not a setting and has no effect; did you mean SERVICE_BROKER_URL?" in (
        done.stderr
    )
