"""Jobs go to the existing edge worker, and its keys tell what became of them, in both layouts."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.ingestion_api.conftest import MORNING, HandClock, service_behind
from tests.servers.redis_server import RedisServer

INGEST = "/api/v1/ingestion/ingest/https://git.example/keeper/"
REPO = "https://git.example/keeper/lamp"


@pytest.fixture
def edge(
    start: Callable[..., TestClient], redis_server: RedisServer, request: pytest.FixtureRequest
) -> TestClient:
    """A service that dispatches to the edge worker; the layout is the fixture's parameter, or neo."""
    layout = getattr(request, "param", "neo")
    return start(dispatch="edge", edge_url=redis_server.database(5), edge_layout=layout)


@pytest.fixture
def keys(redis_server: RedisServer) -> Any:
    """The edge worker's Redis."""
    with redis_server.client(5) as client:
        yield client


def state(client: TestClient, job_id: int) -> tuple[str, str | None]:
    """State and error or reason of a job, after the service has looked."""
    service_behind(client).outbox.run_once()
    job = client.get(f"/api/v1/ingestion/jobs/{job_id}").json()
    return job["status"], job["error"] or job["reason"]


@pytest.mark.parametrize("edge", ["neo", "pharos"], indirect=True)
def test_a_job_is_pushed_as_the_edge_worker_expects_it(edge: TestClient, keys: Any) -> None:
    """With the day's life on the key."""
    body = edge.post(INGEST + "lamp").json()
    assert (body["target"], body["queue_size"]) == ("Edge-Worker", 1)
    entries = [json.loads(entry) for entry in keys.lrange("ingest_queue", 0, -1)]
    assert entries == [{"repo_url": REPO, "submitted_at": "2026-11-23T06:00:00", "ttl": 86400}]
    assert 86_000 < keys.ttl("ingest_queue") <= 86_400


def test_the_limit_counts_what_others_pushed(edge: TestClient, keys: Any) -> None:
    """Checked and pushed in one step; what is refused is not stored."""
    keys.rpush("ingest_queue", *["{}"] * 9)
    assert edge.post(INGEST + "lamp").status_code == 200
    answer = edge.post(INGEST + "horn")
    assert (answer.status_code, answer.json()["detail"]) == (
        429,
        "The edge worker's queue is full: 10 jobs wait.",
    )
    assert edge.get("/api/v1/ingestion/queue").json()["pending"] == 1


def test_the_workers_words_and_history_move_the_job(edge: TestClient, keys: Any) -> None:
    """Taken, then complete, with its numbers."""
    job_id = edge.post(INGEST + "lamp").json()["job_id"]
    assert state(edge, job_id) == ("pending", None)
    keys.lpop("ingest_queue")
    keys.set("worker_status", "Training Graph on git.example/keeper/lamp")
    assert state(edge, job_id) == ("processing", None)
    assert edge.get("/api/v1/ingestion/worker/status").json()["status"].startswith("Training Graph on")
    ended(keys, "job_history", status="complete", files_processed=128, embeddings_generated=120)
    assert state(edge, job_id) == ("complete", None)
    past = edge.get("/api/v1/ingestion/jobs/history").json()["jobs"][0]
    assert (past["files_processed"], past["embeddings_generated"]) == (128, 120)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"status": "failed", "error": "CUDA out of memory"}, ("failed", "CUDA out of memory")),
        ({"status": "skipped", "reason": "Task exceeded TTL"}, ("skipped", "Task exceeded TTL")),
    ],
)
@pytest.mark.parametrize("edge", ["neo", "pharos"], indirect=True)
def test_other_endings_are_read_back(
    edge: TestClient, keys: Any, entry: dict[str, Any], expected: tuple[str, str]
) -> None:
    """From the history key of each layout."""
    job_id = edge.post(INGEST + "lamp").json()["job_id"]
    keys.lpop("ingest_queue")
    layout = service_behind(edge).settings.edge_layout
    ended(keys, "job_history" if layout == "neo" else "pharos:history", **entry)
    assert state(edge, job_id) == expected


def test_an_older_entry_is_not_this_jobs_ending(edge: TestClient, keys: Any) -> None:
    """Nor is one without a moment, or one that is no JSON."""
    job_id = edge.post(INGEST + "lamp").json()["job_id"]
    ended(keys, "job_history", status="complete", timestamp="2026-11-22T06:00:00")
    ended(keys, "job_history", status="complete", timestamp=None)
    keys.lpush("job_history", "not json", "[1]")
    assert state(edge, job_id) == ("pending", None)


def test_an_idle_worker_and_an_empty_queue_mean_that_the_job_was_forgotten(
    edge: TestClient, keys: Any, clock: HandClock
) -> None:
    """As after a restart of Redis: it is pushed again."""
    job_id = edge.post(INGEST + "lamp").json()["job_id"]
    keys.delete("ingest_queue")
    keys.set("worker_status", "Idle")
    clock.move(seconds=11)
    assert state(edge, job_id) == ("pending", None)
    assert keys.llen("ingest_queue") == 1


def test_a_job_of_which_nothing_is_heard_fails_after_its_life(
    edge: TestClient, keys: Any, clock: HandClock
) -> None:
    """The edge worker was killed, and its words stayed as they were."""
    job_id = edge.post(INGEST + "lamp").json()["job_id"]
    keys.lpop("ingest_queue")
    keys.set("worker_status", f"Training Graph on {REPO}")
    assert state(edge, job_id)[0] == "processing"
    clock.move(days=2)
    assert state(edge, job_id) == ("failed", "the edge worker reported no result")


def test_a_waiting_job_is_withdrawn_and_a_taken_one_cannot_be(edge: TestClient, keys: Any) -> None:
    """There is no way to stop the edge worker from here."""
    first = edge.post(INGEST + "lamp").json()["job_id"]
    assert edge.post(f"/api/v1/ingestion/jobs/{first}/cancel").json()["status"] == "cancelled"
    assert keys.llen("ingest_queue") == 0
    second = edge.post(INGEST + "lamp").json()["job_id"]
    keys.lpop("ingest_queue")
    answer = edge.post(f"/api/v1/ingestion/jobs/{second}/cancel")
    assert answer.status_code == 409
    assert "cannot be stopped from here" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [(None, ("Offline", "offline")), ("Offline", ("Offline", "offline")), ("Idle", ("Idle", "degraded"))],
)
def test_words_without_a_heartbeat_are_not_proof_of_life(
    edge: TestClient, keys: Any, words: str | None, expected: tuple[str, str]
) -> None:
    """They stay when the worker is killed, so it is never shown as online."""
    if words:
        keys.set("worker_status", words)
    body = edge.get("/api/v1/ingestion/worker/status").json()
    assert (body["status"], body["workers"][0]["status"]) == expected


@pytest.mark.parametrize(("age", "expected"), [(10, "online"), (400, "degraded"), (700, "offline")])
@pytest.mark.parametrize("edge", ["pharos"], indirect=True)
def test_a_heartbeat_tells_by_its_age(edge: TestClient, keys: Any, age: int, expected: str) -> None:
    """In the layout that has one."""
    keys.set("pharos:worker:last_seen", MORNING.timestamp() - age)
    keys.set("pharos:worker:meta", json.dumps({"worker_id": "tower-gpu"}))
    worker = edge.get("/api/v1/ingestion/worker/status").json()["workers"][0]
    assert (worker["id"], worker["type"], worker["status"]) == ("tower-gpu", "edge", expected)


def ended(keys: Any, key: str, **entry: Any) -> None:
    """The edge worker writes an ending down."""
    usual = {"repo_url": "git.example/keeper/lamp", "timestamp": "2026-11-23T06:30:00.5"}
    keys.lpush(key, json.dumps(usual | entry))
