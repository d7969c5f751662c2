"""Sparse embeddings are asked for by HTTP, and their state is told."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from ingestion_api.jobs.lease import Progress, claim_job, finish_job, renew_lease
from ingestion_api.jobs.states import Transition
from tests.ingestion_api.conftest import HandClock, service_behind
from tests.ingestion_api.jobs.example_jobs import LEASE
from tests.ingestion_api.pages.visits import Visits
from tests.ingestion_api.processes import TOKEN
from tests.ingestion_api.resources.backend_table import add_rows, make_table
from tests.servers.redis_server import RedisServer

GENERATE = "/admin/sparse-embeddings/generate"
STATUS = "/admin/sparse-embeddings/status"


@pytest.fixture
def backend(tmp_path: Path) -> str:
    """A backend with three vectors of its own and five resources without."""
    url = f"sqlite:///{tmp_path}/backend.db"
    make_table(url)
    add_rows(url, 3, '{"7": 1.5}', "BAAI/bge-m3")
    add_rows(url, 5)
    return url


@pytest.fixture
def client(start: Callable[..., TestClient], backend: str) -> TestClient:
    """A service with the backend's resources."""
    return start(resources_url=backend)


def test_a_generation_is_queued_with_its_size(client: TestClient) -> None:
    """202, the contract's four fields; asking again gives the same one."""
    answer = client.post(GENERATE, json={})
    body = answer.json()
    assert answer.status_code == 202
    assert body == {
        "status": "queued",
        "job_id": body["job_id"],
        "estimated_duration_minutes": 1,
        "resources_to_process": 5,
    }
    assert isinstance(body["job_id"], str)
    assert client.post(GENERATE, json={}).json() == body


def test_named_resources_are_counted_if_they_are_there(client: TestClient, backend: str) -> None:
    """Unknown ids are none."""
    known = add_rows(backend, 1, '{"8": 1.0}', "old")[0]
    body = client.post(GENERATE, json={"resource_ids": [known, "no-such-resource"], "batch_size": 5}).json()
    assert body["resources_to_process"] == 1


def test_vectors_of_other_models_are_offered(client: TestClient) -> None:
    """By the API, and on the page with the model in use and those that made them."""
    visits = Visits(client, cast("FastAPI", client.app))
    visits.post("/sign-in", token=TOKEN)
    page = visits.get("/embeddings").text
    assert 'id="model-in-use">bm25-multilingual-v2<' in page
    assert "Those that another model made (3, of BAAI/bge-m3)" in page
    answer = visits.post("/embeddings", which="outdated", batch_size="100")
    assert "Sparse embeddings are being generated." in answer.text
    assert client.post(GENERATE, json={"outdated": True}).json()["resources_to_process"] == 3


def test_only_one_choice_of_resources_is_taken(client: TestClient) -> None:
    """422 for two."""
    for more in ({"rebuild": True}, {"resource_ids": ["a"]}):
        assert client.post(GENERATE, json={"outdated": True, **more}).status_code == 422


def test_another_generation_has_to_wait(client: TestClient) -> None:
    """409 with the number of the active one."""
    first = client.post(GENERATE, json={}).json()["job_id"]
    answer = client.post(GENERATE, json={"rebuild": True})
    assert answer.status_code == 409
    assert answer.json()["detail"] == f"Generation {first} is still pending; wait for it or cancel it."


def test_status_tells_progress_and_what_remains(client: TestClient, clock: HandClock) -> None:
    """Two of five in ten seconds: fifteen to go."""
    job_id = int(client.post(GENERATE, json={}).json()["job_id"])
    store = service_behind(client).store
    claim = claim_job(store, job_id, "hands", clock(), LEASE)
    assert claim is not None
    clock.move(seconds=10)
    renew_lease(
        store, claim, Progress("embedding", embeddings_total=5, embeddings_generated=2), clock(), LEASE
    )
    body = client.get(STATUS).json()
    assert (body["running"]["job_id"], body["running"]["stage"]) == (job_id, "embedding")
    assert (body["progress"], body["remaining_seconds"]) == (0.4, 15.0)
    assert body["last_success"] is None
    with store.write() as session:
        done = Progress(embeddings_generated=5)
        assert finish_job(
            session, claim, Transition(job_id, "complete", clock() + timedelta(seconds=15)), done
        )
    ended = client.get(STATUS).json()
    assert (ended["running"], ended["progress"], ended["last_success"]["done"]) == (None, None, 5)


def test_coverage_is_told_by_model(client: TestClient) -> None:
    """Whoever made the vectors."""
    assert client.get(STATUS).json()["coverage"] == {
        "total": 8,
        "embedded": 3,
        "missing": 5,
        "by_model": {"BAAI/bge-m3": 3},
    }


def test_without_a_broker_nothing_is_queued(
    start: Callable[..., TestClient], backend: str, own_redis_server: RedisServer
) -> None:
    """503, and no generation is active."""
    client = start(resources_url=backend, broker_url=own_redis_server.url)
    own_redis_server.kill()
    assert client.post(GENERATE, json={}).status_code == 503
    assert client.get(STATUS).json()["running"] is None


def test_a_table_that_is_not_there_is_named(start: Callable[..., TestClient], tmp_path: Path) -> None:
    """So that the operator looks at the right setting."""
    answer = start(resources_url=f"sqlite:///{tmp_path}/empty.db").get(STATUS)
    assert answer.status_code == 503
    assert answer.json() == {"detail": "The database of resources has no table 'resources'."}


def test_which_database_is_away_is_told(start: Callable[..., TestClient]) -> None:
    """The one of the resources is not the service's own."""
    client = start(resources_url="postgresql+psycopg://tower@127.0.0.1:1/tower")
    for answer in (client.get(STATUS), client.post(GENERATE, json={})):
        assert answer.status_code == 503
        assert answer.json() == {
            "detail": "The database of the resources does not answer; try again shortly."
        }
