"""Take in an ingestion job: the limit, the repetition and the row are one atomic step."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from ingestion_api.access.bearer import Actor
from ingestion_api.audit.record import record_change as audit
from ingestion_api.errors import TooManyRequests, Unprocessable
from ingestion_api.jobs.queue import INGESTION, QueuePosition, queue_position, waiting_count
from ingestion_api.jobs.states import PENDING, Transition, record_event
from ingestion_api.repository import RepositoryUrl
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
