"""Single jobs, stopping them, asking again; the counts of the queue."""

import pytest
from starlette.testclient import TestClient

from ingestion_api.jobs.lease import claim_job
from tests.ingestion_api.conftest import MORNING, HandClock, service_behind
from tests.ingestion_api.jobs.example_jobs import LEASE, ended_job, running_job

JOBS = "/api/v1/ingestion/jobs"
INGEST = "/api/v1/ingestion/ingest/https://git.example/keeper/"


def test_one_job_is_shown_with_its_story(client: TestClient, clock: HandClock) -> None:
    """Each step with its moment, its worker and a word."""
    job_id = client.post(INGEST + "lamp").json()["job_id"]
    clock.move(seconds=3)
    claim_job(service_behind(client).store, job_id, "hands", clock(), LEASE)
    job = client.get(f"{JOBS}/{job_id}").json()
    assert (job["status"], job["worker"], job["stage"], job["attempts"]) == (
        "processing",
        "hands",
        "starting",
        1,
    )
    assert job["steps"] == [
        {"at": "2026-11-23T06:00:00Z", "state": "pending", "worker": None, "note": "accepted"},
        {"at": "2026-11-23T06:00:03Z", "state": "processing", "worker": "hands", "note": None},
    ]


@pytest.mark.parametrize("action", ["", "/cancel", "/retry"])
def test_a_job_that_does_not_exist_is_404(client: TestClient, action: str) -> None:
    """With its number."""
    answer = client.request("POST" if action else "GET", f"{JOBS}/99{action}")
    assert (answer.status_code, answer.json()) == (404, {"detail": "There is no job 99."})


def test_jobs_are_listed_newest_first_and_by_state(client: TestClient) -> None:
    """In pages."""
    ids = [client.post(f"{INGEST}lamp-{number}").json()["job_id"] for number in range(3)]
    store = service_behind(client).store
    claim_job(store, ids[0], "hands", MORNING, LEASE)
    first = client.get(JOBS, params={"limit": 2}).json()
    rest = client.get(JOBS, params={"limit": 2, "before": first["next_cursor"]}).json()
    assert [job["job_id"] for job in first["jobs"] + rest["jobs"]] == ids[::-1]
    waiting = client.get(JOBS, params={"status": "pending"}).json()["jobs"]
    assert [(job["job_id"], job["queue_position"]) for job in waiting] == [(ids[2], 2), (ids[1], 1)]


def test_a_waiting_job_is_cancelled_at_once(client: TestClient) -> None:
    """A second time there is nothing to cancel; the change is in the audit log."""
    job_id = client.post(INGEST + "lamp").json()["job_id"]
    job = client.post(f"{JOBS}/{job_id}/cancel").json()
    assert (job["status"], job["reason"]) == ("cancelled", "cancelled by operator")
    again = client.post(f"{JOBS}/{job_id}/cancel")
    assert again.status_code == 409
    assert "has ended as cancelled" in again.json()["detail"]
    changes = client.get("/api/v1/audit").json()["changes"]
    assert [(change["action"], change["subject"]) for change in changes] == [
        ("cancel", f"job {job_id}"),
        ("ingest", "https://git.example/keeper/lamp"),
    ]


def test_a_running_job_is_asked_to_stop(client: TestClient) -> None:
    """Its worker does it."""
    claim = running_job(service_behind(client).store)
    job = client.post(f"{JOBS}/{claim.job.id}/cancel").json()
    assert (job["status"], job["cancel_requested"]) == ("processing", True)


def test_a_failed_job_is_asked_for_again_as_a_new_one(client: TestClient) -> None:
    """The old one keeps its ending."""
    failed = ended_job(service_behind(client).store, "failed")
    answer = client.post(f"{JOBS}/{failed}/retry")
    assert answer.status_code == 200
    new = client.get(f"{JOBS}/{answer.json()['job_id']}").json()
    assert (new["status"], new["retry_of"], new["repo_url"]) == (
        "pending",
        failed,
        "https://git.example/keeper/lamp",
    )
    assert client.get(f"{JOBS}/{failed}").json()["status"] == "failed"


def test_a_job_that_went_well_is_not_retried(client: TestClient) -> None:
    """Ingest it anew instead."""
    done = ended_job(service_behind(client).store, "complete")
    answer = client.post(f"{JOBS}/{done}/retry")
    assert answer.status_code == 409
    assert "is complete" in answer.json()["detail"]


def test_the_queue_is_counted_by_state(client: TestClient) -> None:
    """All six, and the limit."""
    store = service_behind(client).store
    client.post(INGEST + "lamp")
    running_job(store, "horn")
    for number, state in enumerate(("complete", "complete", "failed", "cancelled")):
        ended_job(store, state, f"old-{number}")
    assert client.get("/api/v1/ingestion/queue").json() == {
        "pending": 1,
        "processing": 1,
        "completed": 2,
        "failed": 1,
        "skipped": 0,
        "cancelled": 1,
        "max_queue_size": 10,
    }
