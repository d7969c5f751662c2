"""The list of jobs, each job's page, and the form that submits a repository."""

import secrets
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from ingestion_api.errors import NotFound, ServiceError
from ingestion_api.jobs import queries
from ingestion_api.jobs.cancel import stop_job
from ingestion_api.jobs.states import ACTIVE
from ingestion_api.jobs.submit import resubmit, submit
from ingestion_api.pages.csrf import verify_csrf
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.progress import announcement, progress_bars
from ingestion_api.pages.session import Operator
from ingestion_api.pages.templates import render_page
from ingestion_api.service import current_service
from ingestion_api.store.tables import Job
from ingestion_api.store.tables.base import MAX_ID

router = APIRouter(route_class=PageRoute, include_in_schema=False)
State = Literal["pending", "processing", "complete", "failed", "skipped", "cancelled"]
JobId = Annotated[int, Path(ge=1, le=MAX_ID)]
PAGE_SIZE = 25
NEWEST = 8


@router.get("/jobs")
def list_jobs(
    request: Request,
    _: Operator,
    state: State | None = None,
    before: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
) -> Response:
    """Show the jobs, newest first, in one state or in all."""
    with current_service(request).store.read() as session:
        shown = queries.newest_jobs(session, PAGE_SIZE, before, state)
        counts = queries.job_counts(session)
    return render_page(
        request,
        "jobs.html",
        jobs=shown.jobs,
        older=shown.next_cursor,
        counts=counts,
        state=state,
        before=before,
    )


@router.get("/jobs/{job_id}")
def show_job(request: Request, _: Operator, job_id: JobId) -> Response:
    """Show one job."""
    with current_service(request).store.read() as session:
        job = session.get(Job, job_id)
        if job is None:
            raise NotFound(f"There is no job {job_id}.")
        place = queries.queue_position(session, job)
        story = queries.job_events(session, job_id)
    return render_page(
        request,
        "job.html",
        job=job,
        place=place,
        story=story,
        gauges=progress_bars(job),
        announcement=announcement(job),
        active=job.state in ACTIVE,
        took=queries.duration_seconds(job),
    )


@router.post("/jobs/{job_id}/cancel", dependencies=[verify_csrf])
def cancel(request: Request, actor: Operator, job_id: JobId) -> Response:
    """Stop a job."""
    job = stop_job(current_service(request), job_id, actor)
    done = "cancelling" if job.state in ACTIVE else "cancelled"
    return RedirectResponse(f"/jobs/{job_id}?notice={done}", 303)


@router.post("/jobs/{job_id}/retry", dependencies=[verify_csrf])
def retry(request: Request, actor: Operator, job_id: JobId) -> Response:
    """Queue the same repository as a new job, and go there."""
    accepted = resubmit(current_service(request), job_id, actor)
    return RedirectResponse(f"/jobs/{accepted.job.id}?notice=retried", 303)


@router.get("/ingest")
def ingest_form(request: Request, _: Operator, repo_url: str = "") -> Response:
    """Show the form, filled in with what a dashboard's link brought."""
    return _ingest_page(request, repo_url[:2048])


@router.post("/ingest", dependencies=[verify_csrf])
def submit_form(
    request: Request,
    actor: Operator,
    repo_url: Annotated[str, Form(max_length=10_000)] = "",
    key: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Queue a repository and go to its job; the form's key makes a second press harmless."""
    try:
        accepted = submit(current_service(request), repo_url.strip(), actor, f"page-{key}" if key else None)
    except ServiceError as problem:
        return _ingest_page(request, repo_url, problem.status, problem.detail)
    notice = "queued" if accepted.new else "already-queued"
    return RedirectResponse(f"/jobs/{accepted.job.id}?notice={notice}", 303)


def _ingest_page(request: Request, repo_url: str, status: int = 200, problem: str = "") -> Response:
    service = current_service(request)
    with service.store.read() as session:
        jobs = queries.newest_jobs(session, NEWEST).jobs
        waiting = queries.waiting_count(session)
    return render_page(
        request,
        "ingest.html",
        status,
        repo_url=repo_url,
        key=secrets.token_urlsafe(12),
        problem=problem,
        jobs=jobs,
        waiting=waiting,
        limit=service.settings.queue_limit,
        room=waiting < service.settings.queue_limit,
        schemes=service.settings.repository_schemes,
        trusted=service.settings.trusted_hosts,
        example=service.settings.example,
    )
