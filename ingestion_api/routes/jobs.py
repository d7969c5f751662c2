"""Single jobs: what they do, stop one, ask for one again."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.orm import Session

from ingestion_api.access.bearer import Operator
from ingestion_api.errors import NotFound
from ingestion_api.jobs.cancel import stop_job
from ingestion_api.jobs.queries import events_by_job, job_counts, newest_jobs, queue_positions
from ingestion_api.jobs.submit import resubmit
from ingestion_api.routes.ingestion import dispatched_response
from ingestion_api.routes.schemas import (
    DispatchedOut,
    JobList,
    JobOut,
    QueueCounts,
    State,
    error_responses,
)
from ingestion_api.service import current_service
from ingestion_api.store.tables import Job
from ingestion_api.store.tables.base import MAX_ID
from ingestion_api.web.json_route import JsonRoute

router = APIRouter(prefix="/api/v1/ingestion", tags=["jobs"], route_class=JsonRoute)

Before = Annotated[
    int | None, Query(ge=1, le=MAX_ID, description="next_cursor of the page before", examples=[17])
]
JobIdPath = Annotated[int, Path(ge=1, le=MAX_ID, examples=[17])]


@router.get("/queue", responses=error_responses(503), summary="Jobs by state")
def queue(request: Request) -> QueueCounts:
    """How many ingestion jobs are in each state."""
    service = current_service(request)
    with service.store.read() as session:
        found = job_counts(session)
    return QueueCounts(
        pending=found["pending"],
        processing=found["processing"],
        completed=found["complete"],
        failed=found["failed"],
        skipped=found["skipped"],
        cancelled=found["cancelled"],
        max_queue_size=service.settings.queue_limit,
    )


@router.get("/jobs", responses=error_responses(401, 422, 429, 503), summary="Jobs in any state")
def list_jobs(
    request: Request,
    _actor: Operator,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    status: Annotated[State | None, Query(examples=["failed"])] = None,
    before: Before = None,
) -> JobList:
    """The newest jobs first."""
    with current_service(request).store.read() as session:
        page = newest_jobs(session, limit, before, status)
        return JobList(jobs=_job_responses(session, page.jobs), next_cursor=page.next_cursor)


@router.get("/jobs/{job_id}", responses=error_responses(401, 404, 422, 429, 503), summary="One job")
def show_job(request: Request, job_id: JobIdPath, _actor: Operator) -> JobOut:
    """Everything about one job, with its steps so far."""
    with current_service(request).store.read() as session:
        found = session.get(Job, job_id)
        if found is None:
            raise NotFound(f"There is no job {job_id}.")
        return _job_response(session, found)


@router.post(
    "/jobs/{job_id}/cancel", responses=error_responses(401, 404, 409, 422, 429, 503), summary="Cancel a job"
)
def cancel(request: Request, job_id: JobIdPath, actor: Operator) -> JobOut:
    """Cancel a waiting job at once, a running one as soon as its worker hears of it."""
    service = current_service(request)
    stop_job(service, job_id, actor)
    with service.store.read() as session:
        return _job_response(session, session.get_one(Job, job_id))


@router.post(
    "/jobs/{job_id}/retry",
    responses=error_responses(400, 401, 404, 409, 422, 429, 503),
    summary="Ask for a failed job again",
)
def retry(request: Request, job_id: JobIdPath, actor: Operator) -> DispatchedOut:
    """Queue the same repository as a new job; the failed one stays in the history."""
    service = current_service(request)
    return dispatched_response(service, resubmit(service, job_id, actor))


def _job_response(session: Session, found: Job) -> JobOut:
    return _job_responses(session, (found,))[0]


def _job_responses(session: Session, found: Sequence[Job]) -> list[JobOut]:
    """The answers for some jobs; how many they are makes no more queries."""
    events, positions = events_by_job(session, [job.id for job in found]), queue_positions(session, found)
    return [JobOut.of(job, positions[job.id], events[job.id]) for job in found]
