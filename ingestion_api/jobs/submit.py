"""Submit an ingestion job: check its URL, its queue limit and its idempotency key, then insert it."""

import hashlib
import logging
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
from ingestion_api.jobs.queries import INGESTION, QueuePosition, queue_position, waiting_count
from ingestion_api.jobs.states import CANCELLED, FAILED, PENDING, SKIPPED, Transition, record_event
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


@dataclass(frozen=True)
class IngestionRequest:
    """What somebody asks to be ingested."""

    url: RepositoryUrl
    actor: Actor
    key: str | None = None
    retry_of: int | None = None


@dataclass(frozen=True)
class SubmissionPolicy:
    """What holds for every order: how many may wait, by whom it is done, and how it is pushed there.

    `push` runs inside the transaction and may raise to undo it; None leaves the job to the outbox.
    """

    limit: int
    dispatch: str
    push: Callable[[Job], object] | None = None


@dataclass(frozen=True)
class SubmitResult:
    """The job that answers an order; it is not `new` when the order repeated an earlier one."""

    job: Job
    place: QueuePosition
    new: bool


def accept_job(store: Store, order: IngestionRequest, terms: SubmissionPolicy, now: datetime) -> SubmitResult:
    """The job for this order, made unless there is one already; TooMany when the queue is full."""
    with store.write() as session:
        take_advisory_lock(session, INGESTION)
        known = _job_by_key(session, order) or _active_job(session, order)
        if known is not None:
            _store_key(session, order, known, now)
            return SubmitResult(known, queue_position(session, known), new=False)
        job, number = _insert_job(session, order, terms, now)
        if terms.push is not None:
            terms.push(job)
        return SubmitResult(job, QueuePosition(number, number), new=True)


def _insert_job(
    session: Session, order: IngestionRequest, terms: SubmissionPolicy, now: datetime
) -> tuple[Job, int]:
    already = waiting_count(session)
    if already >= terms.limit:
        raise TooManyRequests(f"The queue is full: {already} of {terms.limit} jobs wait.", RETRY_AFTER)
    job = Job(
        kind=INGESTION,
        repo_url=str(order.url),
        repository=order.url.identity,
        parameters={},
        state=PENDING,
        dispatch=terms.dispatch,
        actor=order.actor.name,
        retry_of=order.retry_of,
        submitted_at=now,
        published_at=now if terms.push else None,
    )
    session.add(job)
    session.flush()
    record_event(session, Transition(job.id, PENDING, now, note="accepted"))
    _store_key(session, order, job, now)
    audit(session, order.actor, "ingest", str(order.url), now, job_id=job.id, retry_of=order.retry_of)
    session.flush()
    return job, already + 1


def _active_job(session: Session, order: IngestionRequest) -> Job | None:
    return session.scalar(ACTIVE_JOB, {"repository": order.url.identity})


def _job_by_key(session: Session, order: IngestionRequest) -> Job | None:
    if order.key is None:
        return None
    known = session.get(IdempotencyKey, order.key)
    if known is None:
        return None
    if known.request != _fingerprint(order):
        raise Unprocessable("This Idempotency-Key was used for another request; expected a new one.")
    return session.get(Job, known.job_id)


def _store_key(session: Session, order: IngestionRequest, job: Job, now: datetime) -> None:
    if order.key is None or session.get(IdempotencyKey, order.key) is not None:
        return
    session.add(IdempotencyKey(key=order.key, request=_fingerprint(order), job_id=job.id, created_at=now))


def _fingerprint(order: IngestionRequest) -> str:
    return hashlib.sha256(f"ingest {order.url.identity}".encode()).hexdigest()


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
