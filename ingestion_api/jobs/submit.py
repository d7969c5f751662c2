"""Submit an ingestion job: check its URL, its queue limit and its idempotency key, then insert it."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from ingestion_api.access.bearer import Actor
from ingestion_api.audit import record_change as audit
from ingestion_api.errors import BadRequest, Conflict, NotFound, TooManyRequests, Unprocessable
from ingestion_api.jobs.queries import QueuePosition, queue_position, waiting_count
from ingestion_api.jobs.states import CANCELLED, FAILED, INGESTION, PENDING, SKIPPED, Transition, record_event
from ingestion_api.repository import (
    RepositoryUnreachable,
    RepositoryUrl,
    RepositoryUrlRefused,
    UrlRules,
    check_addresses,
    check_url,
)
from ingestion_api.service import Service
from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import IdempotencyKey, Job
from ingestion_api.store.tables.jobs import ACTIVE_INGESTION

RETRY_AFTER = 30
ACTIVE_JOB = select(Job).where(ACTIVE_INGESTION, Job.repository == bindparam("repository"))
RETRYABLE = (FAILED, SKIPPED, CANCELLED)
RESOLVE_TIMEOUT = 2.0
_resolver_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")


@dataclass(frozen=True)
class IngestionRequest:
    """A request to ingest a repository."""

    url: RepositoryUrl
    actor: Actor
    key: str | None = None
    retry_of: int | None = None


@dataclass(frozen=True)
class SubmissionPolicy:
    """The limit of the queue, the dispatch, and how a job is pushed there.

    `push` runs inside the transaction and may raise to roll it back; None leaves the job to the outbox.
    """

    limit: int
    dispatch: str
    push: Callable[[Job], object] | None = None


@dataclass(frozen=True)
class SubmitResult:
    """The job of a request; not `new` when the request repeated an earlier one."""

    job: Job
    queue_position: QueuePosition
    new: bool


def accept_job(
    store: Store, request: IngestionRequest, policy: SubmissionPolicy, now: datetime
) -> SubmitResult:
    """Insert the job, unless the repository has an active one; TooManyRequests when the queue is full."""
    with store.write() as session:
        take_advisory_lock(session, INGESTION)
        existing = _job_by_key(session, request) or _active_job(session, request)
        if existing is not None:
            _store_key(session, request, existing, now)
            return SubmitResult(existing, queue_position(session, existing), new=False)
        job, number = _insert_job(session, request, policy, now)
        if policy.push is not None:
            policy.push(job)
        return SubmitResult(job, QueuePosition(number, number), new=True)


def _insert_job(
    session: Session, request: IngestionRequest, policy: SubmissionPolicy, now: datetime
) -> tuple[Job, int]:
    waiting = waiting_count(session)
    if waiting >= policy.limit:
        raise TooManyRequests(f"The queue is full: {waiting} of {policy.limit} jobs wait.", RETRY_AFTER)
    job = Job(
        kind=INGESTION,
        repo_url=str(request.url),
        repository=request.url.identity,
        parameters={},
        state=PENDING,
        dispatch=policy.dispatch,
        actor=request.actor.name,
        retry_of=request.retry_of,
        submitted_at=now,
        published_at=now if policy.push else None,
    )
    session.add(job)
    session.flush()
    record_event(session, Transition(job.id, PENDING, now, note="accepted"))
    _store_key(session, request, job, now)
    audit(session, request.actor, "ingest", str(request.url), now, job_id=job.id, retry_of=request.retry_of)
    session.flush()
    return job, waiting + 1


def _active_job(session: Session, request: IngestionRequest) -> Job | None:
    return session.scalar(ACTIVE_JOB, {"repository": request.url.identity})


def _job_by_key(session: Session, request: IngestionRequest) -> Job | None:
    if request.key is None:
        return None
    existing = session.get(IdempotencyKey, request.key)
    if existing is None:
        return None
    if existing.request != _fingerprint(request):
        raise Unprocessable("This Idempotency-Key was used for another request; expected a new one.")
    return session.get(Job, existing.job_id)


def _store_key(session: Session, request: IngestionRequest, job: Job, now: datetime) -> None:
    if request.key is None or session.get(IdempotencyKey, request.key) is not None:
        return
    session.add(IdempotencyKey(key=request.key, request=_fingerprint(request), job_id=job.id, created_at=now))


def _fingerprint(request: IngestionRequest) -> str:
    return hashlib.sha256(f"ingest {request.url.identity}".encode()).hexdigest()


def retry_request(store: Store, job_id: int, rules: UrlRules, actor: Actor) -> IngestionRequest:
    """The request that repeats a job; NotFound, or Conflict when it did not fail."""
    with store.read() as session:
        job = session.get(Job, job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id}.")
    if job.state not in RETRYABLE or job.repo_url is None:
        raise Conflict(
            f"Job {job_id} is {job.state}; expected an ingestion that failed, was skipped or cancelled.",
            f"/jobs/{job_id}",
        )
    return IngestionRequest(check_url(job.repo_url, rules), actor, retry_of=job.id)


def submit(service: Service, repo_url: str, actor: Actor, key: str | None = None) -> SubmitResult:
    """Submit a job that ingests this repository.

    BadRequest for a bad URL, TooManyRequests when the queue is full, Unavailable when the broker is
    unreachable, Unprocessable when the key belongs to another request.
    """
    return _submit(service, IngestionRequest(check_repository_url(service, repo_url), actor, key))


def resubmit(service: Service, job_id: int, actor: Actor) -> SubmitResult:
    """Submit a new job that repeats a failed one; NotFound, Conflict, and what `submit` raises."""
    return _submit(service, retry_request(service.store, job_id, service.rules, actor))


def check_repository_url(service: Service, repo_url: str) -> RepositoryUrl:
    """The normalized URL; BadRequest states what is wrong with it."""
    try:
        url = check_url(repo_url, service.rules)
        _resolver_pool.submit(check_addresses, url, service.rules).result(timeout=RESOLVE_TIMEOUT)
    except RepositoryUrlRefused as error:
        raise BadRequest(f"This repository is not ingested: {error}.") from None
    except (RepositoryUnreachable, TooSlow):
        # a name server may be slow; the worker checks the address to which it connects
        return url
    return url


def _submit(service: Service, request: IngestionRequest) -> SubmitResult:
    settings, edge = service.settings, service.edge
    if edge is None:
        service.broker.check()
        policy = SubmissionPolicy(settings.queue_limit, "celery")
    else:
        policy = SubmissionPolicy(
            settings.queue_limit, "edge", lambda job: edge.push(str(job.repo_url), job.submitted_at)
        )
    result = accept_job(service.store, request, policy, service.clock())
    if result.new and result.job.state == PENDING:
        service.outbox.wake()
    return result
