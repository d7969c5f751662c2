"""The contract's routes about ingestion."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request

from ingestion_api.access.bearer import Operator
from ingestion_api.jobs.queries import ended_jobs
from ingestion_api.jobs.submit import SubmitResult, submit
from ingestion_api.routes.examples import HISTORY, REPOSITORY
from ingestion_api.routes.schemas import DispatchedOut, EndedJobOut, History, error_responses
from ingestion_api.service import Service, current_service
from ingestion_api.web.json_route import JsonRoute

router = APIRouter(prefix="/api/v1/ingestion", tags=["ingestion"], route_class=JsonRoute)

TARGETS = {"celery": "Cloud-Worker", "edge": "Edge-Worker"}
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Repeating a request with its key gives the same job.",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        examples=["3f1c9a52"],
    ),
]
Cursor = Annotated[str | None, Query(min_length=1, max_length=100, examples=[HISTORY["next_cursor"]])]
RepoUrl = Annotated[
    str,
    Path(
        description="Where the repository is, with or without https://.",
        min_length=1,
        examples=[REPOSITORY.removeprefix("https://")],
    ),
]


@router.post(
    "/ingest/{repo_url:path}",
    responses=error_responses(400, 401, 413, 422, 429, 503),
    summary="Ingest a repository",
)
def ingest(request: Request, repo_url: RepoUrl, actor: Operator, key: Key = None) -> DispatchedOut:
    """Queue a repository; one that waits or runs already is not queued twice."""
    service = current_service(request)
    query = request.url.query
    accepted = submit(service, f"{repo_url}?{query}" if query else repo_url, actor, key)
    return dispatched_response(service, accepted)


@router.get("/jobs/history", responses=error_responses(400, 422, 503), summary="Jobs that have ended")
def history(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    cursor: Cursor = None,
) -> History:
    """The latest ended jobs, newest first."""
    with current_service(request).store.read() as session:
        page = ended_jobs(session, limit, cursor)
        return History(jobs=[EndedJobOut.of(job) for job in page.jobs], next_cursor=page.next_cursor)


def dispatched_response(service: Service, accepted: SubmitResult) -> DispatchedOut:
    """The contract's answer for an accepted job."""
    job, place = accepted.job, accepted.queue_position
    return DispatchedOut(
        job_id=job.id,
        queue_position=place.position,
        target=TARGETS[job.dispatch],
        queue_size=place.waiting,
        max_queue_size=service.settings.queue_limit,
        message=_message(accepted),
    )


def _message(accepted: SubmitResult) -> str:
    job, position = accepted.job, accepted.queue_position.position
    if accepted.new:
        return f"Job {job.id} waits as number {position}."
    return f"Job {job.id} was asked for before; it is {job.state}."
