"""Workers as processes: they share the work, take over from one that died, stop when told."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ingestion_api.encoder import model_name
from tests.ingestion_api.client import Jobs
from tests.ingestion_api.git_server import GatedServer, serving, write_repository
from tests.ingestion_api.processes import AUTHORIZED, ServiceProcess, environment, worker
from tests.servers.celery_worker import CeleryWorker
from tests.servers.fixtures import folder_in, started
from tests.servers.processes import signal_all, tree
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

# a job that is held must outlast three others, and end before its look-up gives up after 10 s
SOFT_LIMIT, HARD_LIMIT = 8.0, 9.0
APP = "tests.ingestion_api.stubborn_app"


@dataclass(frozen=True)
class Stack(Jobs):
    """A service, two workers on two broker connections, a host of repositories."""

    git: GatedServer
    workers: dict[str, CeleryWorker]
    scratch: Path


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything runs."""
    folder = tmp_path_factory.mktemp("workers")
    root = folder_in(folder, "repositories")
    write_repository(root / "lamp", {"README.md": "The lamp turns."})
    for number in range(6):
        (root / f"lamp-{number}").symlink_to(root / "lamp")
        (root / f"slow-{number}").symlink_to(root / "lamp")
    (root / "slow-stubborn").symlink_to(root / "lamp")
    redis = RedisServer(folder_in(folder, "redis"))
    here, there = redis.url, redis.url.replace("127.0.0.1", "localhost")
    env = environment(
        folder / "run", here, soft_time_limit=SOFT_LIMIT, hard_time_limit=HARD_LIMIT, max_attempts=1
    )
    service = ServiceProcess(folder / "service.log", env)
    first = worker(folder, env, "first", app=APP)
    second = worker(
        folder, env | {"SERVICE_BROKER_URL": there, "SERVICE_WORKER_TYPE": "edge"}, "second", app=APP
    )
    git = GatedServer(root)
    with serving(git), started(redis), started(service), started(first), started(second):
        workers = {one.name: one for one in (first, second)}
        with httpx2.Client(base_url=service.url, headers=AUTHORIZED, timeout=10.0) as client:
            yield Stack(client, git, workers, folder / "run" / "service" / "scratch")
        git.gate.set()


@pytest.fixture(autouse=True)
def closed_gate(stack: Stack) -> None:
    """Each test begins with the gate closed."""
    stack.git.gate.clear()


def test_workers_report_themselves(stack: Stack) -> None:
    """With type, host and what graphics cards they have."""
    body = stack.client.get("/api/v1/ingestion/worker/status").json()
    assert (body["active_workers"], body["worker_health"]) == (2, "healthy")
    seen = {
        one["id"]: (one["type"], one["status"], one["gpu_available"], one["queues"])
        for one in body["workers"]
    }
    queues = ["embeddings", "ingestion"]
    assert seen == {
        "first@127.0.0.1": ("cloud", "online", False, queues),
        "second@127.0.0.1": ("edge", "online", False, queues),
    }


def test_two_workers_share_the_work_and_one_takes_over_from_the_other(stack: Stack) -> None:
    """One holds a slow job, the other does the rest; then the first is killed."""
    slow = stack.ingest("slow-0")
    holder = stack.until(slow, "processing")["worker"]
    quick = [stack.ingest(f"lamp-{number}") for number in range(3)]
    others = {stack.until(job_id, "complete")["worker"] for job_id in quick}
    assert len(others) == 1
    assert holder not in others
    stack.workers[holder].kill()
    stack.git.gate.set()
    job = stack.until(slow, "complete", within=60)
    assert {job["worker"]} == others
    states = [step["state"] for step in job["steps"]]
    assert states == ["pending", "processing", "pending", "processing", "complete"]
    stack.workers[holder].start()


def test_a_job_outlives_the_process_that_works_on_it(stack: Stack) -> None:
    """As when the kernel takes memory back."""
    slow = stack.ingest("slow-1")
    stack.until(slow, "processing")
    for worker_ in stack.workers.values():
        signal_all(tree(worker_.pid)[1:], signal.SIGKILL)
    stack.git.gate.set()
    # the processes that follow work as well as the first ones, or it would take until the hard limit
    assert stack.until(slow, "complete", within=HARD_LIMIT - 1)["status"] == "complete"
    assert list(stack.scratch.iterdir()) == []


def test_a_running_job_is_cancelled(stack: Stack) -> None:
    """Within a moment, and the worker goes on with the next."""
    slow = stack.ingest("slow-2")
    stack.until(slow, "processing")
    answer = stack.client.post(f"/api/v1/ingestion/jobs/{slow}/cancel")
    assert answer.json()["cancel_requested"] is True
    job = stack.until(slow, "cancelled", within=5.0)
    assert job["reason"] == "cancelled by operator"
    assert stack.until(stack.ingest("lamp-4"), "complete")


def test_jobs_that_take_too_long_fail_with_their_limit(stack: Stack) -> None:
    """The soft limit ends one in order; one that does not listen is killed at the hard limit."""
    slow, stubborn = stack.ingest("slow-3"), stack.ingest("slow-stubborn")
    job = stack.until(slow, "failed", within=SOFT_LIMIT + 10)
    assert job["error"] == f"took longer than its time limit of {SOFT_LIMIT:g} s"
    killed = stack.until(stubborn, "failed", within=HARD_LIMIT + 10)
    assert killed["error"] == f"was killed at its hard time limit of {HARD_LIMIT:g} s"
    assert [step["state"] for step in killed["steps"]] == ["pending", "processing", "failed"]
    assert stack.until(stack.ingest("lamp-3"), "complete")
    eventually(lambda: not list(stack.scratch.iterdir()), within=10.0)


def test_embeddings_are_generated_by_a_worker(stack: Stack) -> None:
    """From the request to the coverage."""
    stack.until(stack.ingest("lamp-5"), "complete")
    answer = stack.client.post("/admin/sparse-embeddings/generate", json={"rebuild": True})
    assert answer.status_code == 202
    assert answer.json()["resources_to_process"] >= 1

    def finished() -> dict[str, Any]:
        state: dict[str, Any] = stack.client.get("/admin/sparse-embeddings/status").json()
        assert (state["last_success"] or {}).get("job_id") == int(answer.json()["job_id"]), state
        return state

    coverage = eventually(finished, within=15.0)["coverage"]
    assert coverage["missing"] == 0
    assert coverage["by_model"] == {model_name("bm25"): coverage["total"]}
