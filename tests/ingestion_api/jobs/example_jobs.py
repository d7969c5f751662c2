"""Jobs for the tests of what comes after accepting."""

from datetime import datetime, timedelta

from ingestion_api.jobs.lease import ClaimedJob, Progress, claim_job, finish_job
from ingestion_api.jobs.states import Transition
from ingestion_api.jobs.submit import IngestionRequest, SubmissionPolicy, accept_job
from ingestion_api.repository import UrlRules, check_url
from ingestion_api.store import Store
from ingestion_api.store.tables import Job
from tests.ingestion_api.conftest import KEEPER, MORNING

LEASE = timedelta(seconds=15)


def waiting_job(store: Store, name: str = "lamp", at: datetime = MORNING) -> int:
    """The id of a new job that waits."""
    url = check_url(f"https://git.example/keeper/{name}", UrlRules())
    return accept_job(store, IngestionRequest(url, KEEPER), SubmissionPolicy(1000, "celery"), at).job.id


def running_job(store: Store, name: str = "lamp", at: datetime = MORNING) -> ClaimedJob:
    """A claim on a new job."""
    claim = claim_job(store, waiting_job(store, name, at), "hands", at, LEASE)
    assert claim is not None
    return claim


def ended_job(store: Store, state: str, name: str = "lamp", at: datetime = MORNING) -> int:
    """The id of a job that ended so."""
    claim = running_job(store, name, at)
    error = "the lamp went out" if state == "failed" else None
    with store.write() as session:
        assert finish_job(
            session, claim, Transition(claim.job.id, state, at, note=error), Progress(), error=error
        )
    return claim.job.id


def state_of(store: Store, job_id: int) -> str:
    """The state of a job now."""
    with store.read() as session:
        return session.get_one(Job, job_id).state


def row(store: Store, job_id: int) -> Job:
    """The whole job now."""
    with store.read() as session:
        return session.get_one(Job, job_id)
