"""What people and programs may do with jobs: ask for one, ask again, stop one."""

import logging
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow

from ingestion_api.access.bearer import Actor
from ingestion_api.errors import BadRequest
from ingestion_api.jobs.accept import IngestionRequest, SubmissionPolicy, SubmitResult, accept_job
from ingestion_api.jobs.cancel import cancel_job, message_ids, withdraw_from_edge
from ingestion_api.jobs.retry import retry_request
from ingestion_api.jobs.states import PENDING
from ingestion_api.repository import (
    RepositoryUnreachable,
    RepositoryUrl,
    RepositoryUrlRefused,
    check_addresses,
    check_url,
)
from ingestion_api.service import Service
from ingestion_api.store.tables import Job

log = logging.getLogger(__name__)

RESOLVE_TIMEOUT = 2.0
_resolver_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")


def submit(service: Service, repo_url: str, actor: Actor, key: str | None = None) -> SubmitResult:
    """The job that ingests this repository.

    BadRequest for a bad URL, TooMany when the queue is full, Unavailable when the broker is away,
    Unprocessable when the key belongs to another request.
    """
    return _submit(service, IngestionRequest(check_repository_url(service, repo_url), actor, key))


def resubmit(service: Service, job_id: int, actor: Actor) -> SubmitResult:
    """A new job that repeats one that failed; NotFound, Conflict, and what `submit` raises."""
    return _submit(service, retry_request(service.store, job_id, service.rules, actor))


def stop_job(service: Service, job_id: int, actor: Actor) -> Job:
    """The job, cancelled or asked to stop; NotFound, or Conflict when it cannot be stopped."""
    if service.edge is not None:
        withdraw_from_edge(service.store, service.edge, job_id)
    job = cancel_job(service.store, job_id, actor, service.clock())
    try:
        service.broker.revoke(message_ids(job))
    except Exception as error:  # noqa: BLE001 - the state in SQL stops the job in any case
        log.info("the messages of job %d were not revoked: %s", job_id, type(error).__name__)
    return job


def check_repository_url(service: Service, repo_url: str) -> RepositoryUrl:
    """The URL in its one spelling; BadRequest says what is wrong with it."""
    try:
        url = check_url(repo_url, service.rules)
        _resolver_pool.submit(check_addresses, url, service.rules).result(timeout=RESOLVE_TIMEOUT)
    except RepositoryUrlRefused as error:
        raise BadRequest(f"This repository is not ingested: {error}.") from None
    except (RepositoryUnreachable, TooSlow):
        # a name server may be slow just now; the worker checks the address it connects to
        return url
    return url


def _submit(service: Service, order: IngestionRequest) -> SubmitResult:
    settings, edge = service.settings, service.edge
    if edge is None:
        service.broker.check()
        terms = SubmissionPolicy(settings.queue_limit, "celery")
    else:
        terms = SubmissionPolicy(
            settings.queue_limit, "edge", lambda job: edge.push(str(job.repo_url), job.submitted_at)
        )
    accepted = accept_job(service.store, order, terms, service.clock())
    if accepted.new and accepted.job.state == PENDING:
        service.outbox.wake()
    return accepted
