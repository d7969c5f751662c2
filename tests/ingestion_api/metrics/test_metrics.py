"""The service's own page of metrics: true after a restart, few series, clean."""

import subprocess
from collections.abc import Callable
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from ingestion_api.store.tables import Job
from tests.ingestion_api.conftest import HandClock, service_behind
from tests.ingestion_api.jobs.example_jobs import ended_job, running_job, waiting_job
from tests.ingestion_api.metrics.samples import samples
from tests.ingestion_api.routes.test_contract import report_a_worker


def test_jobs_queue_and_workers_are_counted(client: TestClient, clock: HandClock) -> None:
    """From SQL, so a restart changes nothing."""
    store = service_behind(client).store
    waiting_job(store, "lamp")
    running_job(store, "horn")
    for number, state in enumerate(("complete", "complete", "failed")):
        ended_job(store, state, f"old-{number}")
    report_a_worker(client)
    clock.move(seconds=7)
    found = samples(client)
    assert found["ops_service_jobs", "ingestion", "pending"] == 1
    assert found["ops_service_jobs", "ingestion", "processing"] == 1
    assert found["ops_service_jobs_ended_total", "ingestion", "complete"] == 2
    assert found["ops_service_jobs_ended_total", "ingestion", "failed"] == 1
    assert found["ops_service_oldest_waiting_seconds",] == 7
    assert found["ops_service_queue_capacity",] == 10
    assert found["ops_service_workers", "online", "cloud"] == 1
    assert found["ops_service_database_up",] == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_durations_are_a_histogram_on_each_database(
    start: Callable[..., TestClient], clock: HandClock, request: pytest.FixtureRequest, kind: str
) -> None:
    """A job of twelve seconds."""
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    client = start(database_url=server.fresh_database() if server else None)
    store = service_behind(client).store
    job_id = ended_job(store, "complete", "lamp", clock())
    with store.write() as session:
        session.get_one(Job, job_id).ended_at = clock() + timedelta(seconds=12)
    found = samples(client)
    name = "ops_service_job_duration_seconds"
    assert round(found[f"{name}_sum", "ingestion"], 3) == 12.0
    assert [found[f"{name}_bucket", "ingestion", bound] for bound in ("5.0", "15.0", "+Inf")] == [0, 1, 1]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_totals_follow_each_end_between_two_scrapes(
    start: Callable[..., TestClient], clock: HandClock, request: pytest.FixtureRequest, kind: str
) -> None:
    """Also of a job that ended before the others; what runs counts as far as it is."""
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    client = start(database_url=server.fresh_database() if server else None)
    store = service_behind(client).store
    running = running_job(store, "horn")
    found = []
    for number, (state, ago, files) in enumerate((("complete", 0, 5), ("failed", 9, 4), ("complete", 0, 4))):
        ended_job(store, state, f"lamp-{number}", clock() - timedelta(seconds=ago))
        with store.write() as session:
            session.get_one(Job, running.job.id).files_processed = files
        page = samples(client)
        found.append(
            tuple(
                page[key]
                for key in (
                    ("ops_service_jobs_ended_total", "ingestion", "complete"),
                    ("ops_service_jobs_ended_total", "ingestion", "failed"),
                    ("ops_service_job_duration_seconds_count", "ingestion"),
                    ("ops_service_files_processed_total",),
                )
            )
        )
    assert found == [(1, 0, 1, 5), (1, 1, 2, 4), (2, 1, 3, 4)]


def test_requests_are_counted_by_route_not_by_address(client: TestClient) -> None:
    """However many jobs and paths are asked for."""
    for number in range(1, 30):
        client.get(f"/api/v1/ingestion/jobs/{number}")
        client.get(f"/nowhere/{number}")
    found = samples(client)
    assert found["ops_service_http_requests_total", "GET", "/api/v1/ingestion/jobs/{job_id}", "404"] == 29
    assert found["ops_service_http_requests_total", "GET", "other", "404"] == 29
    assert len(found) < 150


def test_the_page_is_clean(client: TestClient) -> None:
    """To promtool's taste."""
    page = client.get("/metrics").text
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("version", ["abc", "1.0.0a1", "", "-1", "9" * 5_000])
@pytest.mark.parametrize("form", ["application/openmetrics-text", "text/plain"])
def test_a_version_that_is_none_is_passed_over(client: TestClient, form: str, version: str) -> None:
    for address in ("/metrics", "/metrics/levels"):
        answer = client.get(address, headers={"Accept": f"{form}; version={version}"})
        assert answer.status_code == 200
