"""The form that queues a repository, with the queue and the newest jobs below it."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from ingestion_api.errors import ServiceError
from ingestion_api.jobs import queries
from ingestion_api.jobs.submit import submit
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.templates import render_page
from ingestion_api.pages.visitor import Operator, verify_csrf
from ingestion_api.service import current_service

router = APIRouter(route_class=PageRoute, include_in_schema=False)
RECENT = 8


@router.get("/ingest")
def form(request: Request, _: Operator, repo_url: str = "") -> Response:
    """Show the form, filled in with what a dashboard's link brought."""
    return _show(request, repo_url[:2048])


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
        return _show(request, repo_url, problem.status, problem.detail)
    notice = "queued" if accepted.new else "already-queued"
    return RedirectResponse(f"/jobs/{accepted.job.id}?notice={notice}", 303)


def _show(request: Request, repo_url: str, status: int = 200, problem: str = "") -> Response:
    service = current_service(request)
    with service.store.read() as session:
        jobs = queries.newest_jobs(session, RECENT).jobs
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
