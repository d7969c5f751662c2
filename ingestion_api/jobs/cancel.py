"""Cancel a job: a waiting one at once, a running one at its worker's next checkpoint."""

import logging
from datetime import datetime

from ingestion_api.access.bearer import Actor
from ingestion_api.audit import record_change as audit
from ingestion_api.broker import message_ids
from ingestion_api.edge_queue import EdgeQueue
from ingestion_api.errors import Conflict, NotFound
from ingestion_api.jobs.states import CANCELLED, ENDED, PENDING, Transition, transition
from ingestion_api.service import Service
from ingestion_api.store import Store
from ingestion_api.store.tables import Job

log = logging.getLogger(__name__)


def stop_job(service: Service, job_id: int, actor: Actor) -> Job:
    """Cancel a job, or request its cancellation; NotFound, or Conflict when it cannot be stopped."""
    if service.edge is not None:
        withdraw_from_edge(service.store, service.edge, job_id)
    job = cancel_job(service.store, job_id, actor, service.clock())
    try:
        service.broker.revoke(message_ids(job))
    except Exception as error:  # noqa: BLE001 - the state in SQL stops the job in any case
        log.info("the messages of job %d were not revoked: %s", job_id, type(error).__name__)
    return job


def cancel_job(store: Store, job_id: int, actor: Actor, now: datetime) -> Job:
    """Cancel a job in SQL, or request its cancellation; NotFound, or Conflict when it has ended."""
    with store.write() as session:
        job = session.get(Job, job_id, with_for_update=True)
        if job is None:
            raise NotFound(f"There is no job {job_id}.")
        if job.state in ENDED:
            raise Conflict(
                f"Job {job_id} has ended as {job.state}; only a waiting or running job is cancelled.",
                f"/jobs/{job_id}",
            )
        audit(session, actor, "cancel", f"job {job_id}", now, state=job.state)
        reason = f"cancelled by {actor.name}"
        stopped = transition(
            session, Transition(job_id, CANCELLED, now, note=reason), Job.state == PENDING, reason=reason
        )
        if not stopped:
            job.cancel_requested_at = job.cancel_requested_at or now
            job.reason = reason
        session.flush()
        session.refresh(job)
        return job


def withdraw_from_edge(store: Store, edge: EdgeQueue, job_id: int) -> None:
    """Remove the job from the edge worker's queue; Conflict when the worker has it already."""
    with store.read() as session:
        job = session.get(Job, job_id)
    if job is None or job.dispatch != "edge" or job.state in ENDED:
        return
    if job.state != PENDING or not edge.withdraw(job.repo_url or ""):
        raise Conflict(
            f"Job {job_id} is with the edge worker, which cannot be stopped from here.", f"/jobs/{job_id}"
        )
