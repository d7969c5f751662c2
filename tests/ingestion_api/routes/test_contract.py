"""The routes of the contract, as existing clients use them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from ingestion_api.jobs.lease import claim_job
from ingestion_api.store.tables import Job
from ingestion_api.workers import WorkerReport, record_heartbeat
from tests.ingestion_api.conftest import HandClock, service_behind
from tests.ingestion_api.jobs.example_jobs import LEASE, ended_job
from tests.ingestion_api.processes import TOKEN
from tests.servers.redis_server import RedisServer

INGEST = "/api/v1/ingestion/ingest/"
REPO = "https://git.example/keeper/lamp"


def test_ingest_answers_in_the_contracts_words(client: TestClient) -> None:
    """All seven fields, of the types that existing clients expect."""
    answer = client.post(INGEST + "git.example/keeper/lamp")
    body = answer.json()
    assert answer.status_code == 200
    assert body == {
        "status": "dispatched",
        "job_id": body["job_id"],
        "queue_position": 1,
        "target": "Cloud-Worker",
        "queue_size": 1,
        "max_queue_size": 10,
        "message": f"Job {body['job_id']} waits as number 1.",
    }
    assert isinstance(body["job_id"], int)


@pytest.mark.parametrize("spelling", [REPO, "https:/git.example/keeper/lamp", "git.example/keeper/lamp.git"])
def test_a_repository_may_be_spelled_in_several_ways(client: TestClient, spelling: str) -> None:
    """They are one repository, so they are one job."""
    first = client.post(INGEST + REPO).json()
    assert client.post(INGEST + spelling).json()["job_id"] == first["job_id"]


def test_the_eleventh_repository_is_told_to_come_back_later(client: TestClient) -> None:
    """429, with a sentence and a time."""
    for number in range(10):
        assert client.post(f"{INGEST}{REPO}-{number}").status_code == 200
    answer = client.post(f"{INGEST}{REPO}-10")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    assert answer.json() == {"detail": "The queue is full: 10 of 10 jobs wait."}


def test_the_limit_is_a_setting(start: Callable[..., TestClient]) -> None:
    """Here it is 2."""
    client = start(queue_limit=2)
    codes = [client.post(f"{INGEST}{REPO}-{number}").status_code for number in range(3)]
    assert codes == [200, 200, 429]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://git.example/keeper/lamp", "scheme is 'ftp'"),
        ("https://user:word@git.example/keeper/lamp", "credentials"),
        ("https://10.0.0.1/keeper/lamp", "10.0.0.1, which is not a public address"),
        ("https://169.254.169.254/latest/meta-data", "not a public address"),
        ("https://git.example/keeper/lamp?depth=1", "query"),
        ("--upload-pack=touch", "dash"),
        ("nothing", "no repository URL"),
    ],
)
def test_a_bad_url_is_400_with_the_reason(client: TestClient, url: str, said: str) -> None:
    """And nothing of it is stored."""
    answer = client.post(INGEST + url)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]
    assert client.get("/api/v1/ingestion/queue").json()["pending"] == 0


@pytest.mark.parametrize("header", [None, "Bearer ", "Bearer wrong", "Basic a2VlcGVy", TOKEN])
def test_ingest_wants_the_token(client: TestClient, header: str | None) -> None:
    """401 with a sentence, whatever else was sent."""
    client.headers.pop("authorization")
    answer = client.post(INGEST + REPO, headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "token" in answer.json()["detail"]


def test_ingest_without_a_broker_is_503_and_stores_nothing(
    start: Callable[..., TestClient], own_redis_server: RedisServer
) -> None:
    """The client knows at once that it must ask again."""
    client = start(broker_url=own_redis_server.url)
    own_redis_server.kill()
    answer = client.post(INGEST + REPO)
    assert answer.status_code == 503
    assert answer.json() == {"detail": "The queue's broker does not answer; try again shortly."}
    assert client.get("/api/v1/ingestion/queue").json()["pending"] == 0
    health = client.get("/api/v1/ingestion/health")
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
    assert health.json()["services"]["redis"].startswith("unhealthy")


def test_a_frozen_broker_is_503_within_seconds(
    start: Callable[..., TestClient], own_redis_server: RedisServer
) -> None:
    """It holds up this request, not the service."""
    client = start(broker_url=own_redis_server.url)
    own_redis_server.freeze()
    began = datetime.now()  # noqa: DTZ005 - only a difference is of interest
    assert client.post(INGEST + REPO).status_code == 503
    assert datetime.now() - began < timedelta(seconds=6)  # noqa: DTZ005 - as above
    own_redis_server.thaw()


def test_ingest_without_a_database_is_503(start: Callable[..., TestClient], own_postgres_server: Any) -> None:
    """So is the history; the probes tell the two kinds of trouble apart."""
    client = start(database_url=own_postgres_server.fresh_database())
    assert client.post(INGEST + REPO).status_code == 200
    own_postgres_server.kill()
    answers = [
        client.post(INGEST + REPO),
        client.get("/api/v1/ingestion/jobs/history"),
        client.get("/-/ready"),
    ]
    assert [answer.status_code for answer in answers] == [503] * 3
    assert {answer.json()["detail"] for answer in answers} == {
        "The service's database does not answer; try again shortly."
    }
    assert client.get("/-/healthy").status_code == 200
    own_postgres_server.start()
    assert client.post(INGEST + REPO).status_code == 200


def test_history_shows_ended_jobs_newest_first(client: TestClient, clock: HandClock) -> None:
    """With every field of the contract; a failed job says why."""
    store = service_behind(client).store
    done = ended_job(store, "complete", "lamp", clock())
    clock.move(seconds=5)
    failed = ended_job(store, "failed", "horn", clock())
    body = client.get("/api/v1/ingestion/jobs/history").json()
    assert body["jobs"] == [
        {
            "job_id": failed,
            "repo_url": "https://git.example/keeper/horn",
            "status": "failed",
            "duration_seconds": 0.0,
            "files_processed": None,
            "embeddings_generated": None,
            "timestamp": "2026-11-23T06:00:05",
            "error": "the lamp went out",
            "reason": None,
            "age_seconds": 0.0,
        },
        body["jobs"][1],
    ]
    assert (body["jobs"][1]["job_id"], body["next_cursor"]) == (done, None)


def test_history_goes_on_from_a_cursor(client: TestClient) -> None:
    """Three jobs in pages of two."""
    store = service_behind(client).store
    ids = [ended_job(store, "complete", f"lamp-{number}") for number in range(3)]
    first = client.get("/api/v1/ingestion/jobs/history", params={"limit": 2}).json()
    rest = client.get(
        "/api/v1/ingestion/jobs/history", params={"limit": 2, "cursor": first["next_cursor"]}
    ).json()
    assert [job["job_id"] for job in first["jobs"] + rest["jobs"]] == ids[::-1]


@pytest.mark.parametrize("limit", ["0", "101", "ten", ""])
def test_a_wrong_limit_is_422_with_a_sentence(client: TestClient, limit: str) -> None:
    """It names the parameter."""
    answer = client.get("/api/v1/ingestion/jobs/history", params={"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("limit is wrong: input should be")


def test_worker_status_follows_the_heartbeat(client: TestClient, clock: HandClock) -> None:
    """Offline without a worker, then by age; and what it works on."""
    assert status(client) == ("Offline", "offline", [])
    assert client.get("/-/workers").status_code == 503
    report_a_worker(client)
    assert client.get("/-/workers").json() == {"status": "1 active"}
    assert status(client) == ("Idle", "healthy", ["online"])
    clock.move(seconds=16)
    assert status(client) == ("Idle", "degraded", ["degraded"])
    clock.move(seconds=60)
    assert status(client) == ("Offline", "offline", ["offline"])


def test_worker_status_names_the_repository_and_then_the_error(client: TestClient, clock: HandClock) -> None:
    """In the contract's words; a later success clears the error."""
    store = service_behind(client).store
    report_a_worker(client)
    job_id = client.post(INGEST + REPO).json()["job_id"]
    assert claim_job(store, job_id, "hands", clock(), LEASE) is not None
    assert status(client)[0] == f"Training Graph on {REPO}"
    cancelled = client.post(f"/api/v1/ingestion/jobs/{job_id}/cancel")
    assert cancelled.json()["cancel_requested"] is True
    clock.move(seconds=1)
    with store.write() as session:
        session.get_one(Job, job_id).state = "cancelled"
    ended_job(store, "failed", "horn", clock())
    assert status(client)[0] == "Error: the lamp went out"
    clock.move(seconds=1)
    ended_job(store, "complete", "horn", clock())
    assert status(client)[0] == "Idle"


def test_health_is_well_with_database_and_broker(client: TestClient) -> None:
    """An object with services; workers may be away without making the service ill."""
    answer = client.get("/api/v1/ingestion/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "healthy",
        "services": {"database": "healthy", "redis": "healthy", "disk": "healthy", "workers": "offline"},
    }


def status(client: TestClient) -> tuple[str, str, list[str]]:
    """The word for all, their health, each one's status."""
    body = client.get("/api/v1/ingestion/worker/status").json()
    return body["status"], body["worker_health"], [worker["status"] for worker in body["workers"]]


def report_a_worker(client: TestClient) -> None:
    """A worker says that it lives."""
    service = service_behind(client)
    facts = {"available": True, "cards": [{"name": "L4", "memory_bytes": 24_000_000_000}]}
    record_heartbeat(
        service.store, WorkerReport("hands", "cloud", "tower", 7, ["ingestion"], facts), service.clock()
    )
