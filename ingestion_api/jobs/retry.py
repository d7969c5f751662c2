"""Ask for a failed job again: as a new job, so that the old one keeps its one ending."""

from ingestion_api.access.bearer import Actor
from ingestion_api.errors import Conflict, NotFound
from ingestion_api.jobs.accept import IngestionRequest
from ingestion_api.jobs.states import CANCELLED, FAILED, SKIPPED
from ingestion_api.repository import UrlRules, check_url
from ingestion_api.store import Store
from ingestion_api.store.tables import Job

RETRYABLE = (FAILED, SKIPPED, CANCELLED)


def retry_request(store: Store, job_id: int, rules: UrlRules, actor: Actor) -> IngestionRequest:
    """The order that repeats a job; NotFound, or Conflict when it did not fail."""
    with store.read() as session:
        job = session.get(Job, job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id}.")
    if job.state not in RETRYABLE or job.repo_url is None:
        raise Conflict(
            f"Job {job_id} is {job.state}; expected an ingestion that failed, was skipped or cancelled."
        )
    return IngestionRequest(check_url(job.repo_url, rules), actor, retry_of=job.id)
