"""Take in an ingestion job: the limit, the repetition and the row are one atomic step."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from ingestion_api.access.bearer import Actor
from ingestion_api.audit.record import record as audit
from ingestion_api.jobs.queue import INGESTION, Place, place, waiting
from ingestion_api.jobs.states import PENDING, Step, record
from ingestion_api.problems import TooMany, Unprocessable
from ingestion_api.repository import RepositoryUrl
from ingestion_api.store import Store
from ingestion_api.store.store import one_at_a_time
from ingestion_api.store.tables import IdempotencyKey, Job
from ingestion_api.store.tables.jobs import ACTIVE_INGESTION

RETRY_AFTER = 30
SAME = select(Job).where(ACTIVE_INGESTION, Job.repository == bindparam("repository"))


@dataclass(frozen=True)
class Order:
    """What somebody asks to be ingested."""

    url: RepositoryUrl
    actor: Actor
    key: str | None = None
    retry_of: int | None = None


@dataclass(frozen=True)
class Terms:
    """What holds for every order: how many may wait, by whom it is done, and how it is pushed there.

    `push` runs inside the transaction and may raise to undo it; None leaves the job to the outbox.
    """

    limit: int
    dispatch: str
    push: Callable[[Job], object] | None = None


@dataclass(frozen=True)
class Accepted:
    """The job that answers an order; it is not `new` when the order repeated an earlier one."""

    job: Job
    place: Place
    new: bool


def accept(store: Store, order: Order, terms: Terms, now: datetime) -> Accepted:
    """The job for this order, made unless there is one already; TooMany when the queue is full."""
    with store.write() as session:
        one_at_a_time(session, INGESTION)
        known = _by_key(session, order) or _active(session, order)
        if known is not None:
            _keep_key(session, order, known, now)
            return Accepted(known, place(session, known), new=False)
        job, number = _add(session, order, terms, now)
        if terms.push is not None:
            terms.push(job)
        return Accepted(job, Place(number, number), new=True)


def _add(session: Session, order: Order, terms: Terms, now: datetime) -> tuple[Job, int]:
    already = waiting(session)
    if already >= terms.limit:
        raise TooMany(f"The queue is full: {already} of {terms.limit} jobs wait.", RETRY_AFTER)
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
    record(session, Step(job.id, PENDING, now, note="accepted"))
    _keep_key(session, order, job, now)
    audit(session, order.actor, "ingest", str(order.url), now, job_id=job.id, retry_of=order.retry_of)
    session.flush()
    return job, already + 1


def _active(session: Session, order: Order) -> Job | None:
    return session.scalar(SAME, {"repository": order.url.identity})


def _by_key(session: Session, order: Order) -> Job | None:
    if order.key is None:
        return None
    known = session.get(IdempotencyKey, order.key)
    if known is None:
        return None
    if known.request != _fingerprint(order):
        raise Unprocessable("This Idempotency-Key was used for another request; expected a new one.")
    return session.get(Job, known.job_id)


def _keep_key(session: Session, order: Order, job: Job, now: datetime) -> None:
    if order.key is None or session.get(IdempotencyKey, order.key) is not None:
        return
    session.add(IdempotencyKey(key=order.key, request=_fingerprint(order), job_id=job.id, created_at=now))


def _fingerprint(order: Order) -> str:
    return hashlib.sha256(f"ingest {order.url.identity}".encode()).hexdigest()
