"""Jobs are stopped where they are: in SQL, at the broker, in the edge worker's queue, or not at all."""

import json
from base64 import b64decode
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from ingestion_api.access.bearer import Actor
from ingestion_api.errors import Conflict, NotFound
from ingestion_api.jobs.cancel import cancel_job, stop_job
from ingestion_api.jobs.lease import Progress, renew_lease
from ingestion_api.jobs.queries import job_events
from ingestion_api.store import Store
from ingestion_api.store.tables import AuditRow, Job
from tests.ingestion_api.conftest import KEEPER, MORNING, service_behind
from tests.ingestion_api.jobs.example_jobs import LEASE, ended_job, row, running_job, state_of, waiting_job
from tests.servers.redis_server import RedisServer

MATE = Actor("mate", "192.0.2.8")
LATER = MORNING + timedelta(seconds=5)
INGEST = "/api/v1/ingestion/ingest/https://git.example/keeper/"


def test_a_running_job_that_is_cancelled_twice_keeps_the_first_moment(store: Store) -> None:
    """Its worker has had notice since then."""
    claim = running_job(store)
    cancel_job(store, claim.job.id, KEEPER, MORNING)
    job = cancel_job(store, claim.job.id, MATE, LATER)
    assert (job.state, job.cancel_requested_at, job.reason) == ("processing", MORNING, "cancelled by mate")
    status = renew_lease(store, claim, Progress(), LATER, LEASE)
    assert (status.held, status.cancelled) == (True, True)


def test_a_waiting_job_that_is_cancelled_ends_with_the_name(store: Store) -> None:
    """In the answer, in its story and in the audit log."""
    job_id = waiting_job(store)
    job = cancel_job(store, job_id, MATE, LATER)
    assert (job.state, job.ended_at, job.reason) == ("cancelled", LATER, "cancelled by mate")
    assert job.cancel_requested_at is None
    with store.read() as session:
        last = job_events(session, job_id)[-1]
        change = session.scalars(select(AuditRow).order_by(AuditRow.id.desc())).first()
    assert (last.state, last.at, last.note) == ("cancelled", LATER, "cancelled by mate")
    assert change is not None
    assert (change.actor, change.action, change.subject) == ("mate", "cancel", f"job {job_id}")


@pytest.mark.parametrize("state", ["complete", "failed", "cancelled"])
def test_an_ended_job_is_not_cancelled(store: Store, state: str) -> None:
    """The refusal says how it ended, and changes nothing."""
    job_id = ended_job(store, state)
    with pytest.raises(Conflict, match=f"Job {job_id} has ended as {state}"):
        cancel_job(store, job_id, KEEPER, LATER)
    assert row(store, job_id).reason is None


def test_the_messages_of_a_cancelled_job_are_revoked(client: TestClient, redis_server: RedisServer) -> None:
    """All that were ever sent: workers hear the ids on their channel of control."""
    service = service_behind(client)
    job_id = waiting_job(service.store)
    with service.store.write() as session:
        session.get_one(Job, job_id).publications = 2
    with redis_server.client() as keys, keys.pubsub() as heard:
        heard.psubscribe("*celery.pidbox")
        heard.get_message(timeout=5.0)
        stopped = stop_job(service, job_id, KEEPER)
        message = heard.get_message(ignore_subscribe_messages=True, timeout=5.0)
    assert message is not None
    order = json.loads(b64decode(json.loads(message["data"])["body"]))
    assert (stopped.state, order["method"], stopped.publications >= 2) == ("cancelled", "revoke", True)
    assert order["arguments"]["task_id"] == [f"job-{job_id}-{n}" for n in range(stopped.publications)]


def edge_service(start: Callable[..., TestClient], redis_server: RedisServer) -> TestClient:
    """A service whose jobs go to the edge worker."""
    return start(dispatch="edge", edge_url=redis_server.database(5))


def test_the_edge_worker_keeps_no_other_job_from_being_cancelled(
    start: Callable[..., TestClient], redis_server: RedisServer
) -> None:
    """Those of Celery that were accepted before the dispatch was changed are not in its queue."""
    service = service_behind(edge_service(start, redis_server))
    job_id = waiting_job(service.store)
    stop_job(service, job_id, KEEPER)
    assert state_of(service.store, job_id) == "cancelled"


def test_an_edge_job_that_has_ended_or_never_was_is_told_as_such(
    start: Callable[..., TestClient], redis_server: RedisServer
) -> None:
    """And not as one that the worker has."""
    client = edge_service(start, redis_server)
    job_id = client.post(INGEST + "lamp").json()["job_id"]
    stop_job(service_behind(client), job_id, KEEPER)
    with pytest.raises(Conflict, match="has ended as cancelled"):
        stop_job(service_behind(client), job_id, KEEPER)
    with pytest.raises(NotFound, match="There is no job 99"):
        stop_job(service_behind(client), 99, KEEPER)


def test_an_edge_job_that_runs_is_not_withdrawn(
    start: Callable[..., TestClient], redis_server: RedisServer
) -> None:
    """Even while its entry is in the queue still."""
    client = edge_service(start, redis_server)
    job_id = client.post(INGEST + "lamp").json()["job_id"]
    with redis_server.client(5) as keys:
        keys.set("worker_status", "Training Graph on git.example/keeper/lamp")
        service_behind(client).outbox.run_once()
        with pytest.raises(Conflict, match="cannot be stopped from here"):
            stop_job(service_behind(client), job_id, KEEPER)
        assert keys.llen("ingest_queue") == 1
    assert state_of(service_behind(client).store, job_id) == "processing"
