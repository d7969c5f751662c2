"""Recover stranded jobs: expired leases, lost messages, exceeded TTLs."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from ingestion_api.broker import Broker
from ingestion_api.clock import elapsed_seconds
from ingestion_api.jobs.states import (
    CANCELLED,
    FAILED,
    PENDING,
    PROCESSING,
    SKIPPED,
    Transition,
    has_state,
    transition,
)
from ingestion_api.store import Store
from ingestion_api.store.tables import IdempotencyKey, Job

log = logging.getLogger(__name__)

LeaseValue = tuple[str | None, datetime | None]  # a claim, and the end of its lease as stored
TTL_EXCEEDED = "Task exceeded TTL"  # the contract's words


@dataclass(frozen=True)
class RecoveryLimits:
    """The limits of a job: its TTL, the grace of its message, lost workers, its hard time limit."""

    ttl: timedelta
    grace: timedelta
    max_losses: int
    hard_limit: timedelta = timedelta(days=365)


class LeaseTracker:
    """Finds expired leases by observation, and not by the clock of the worker that wrote them.

    A worker renews its lease while it lives. A lease that does not change for its whole length, in our own
    monotonic seconds, has expired. So no wrong clock, here or there, expires it early or keeps it for ever.
    """

    def __init__(self, length: timedelta, seconds: Callable[[], float] = elapsed_seconds) -> None:
        self._length = length.total_seconds()
        self._seconds = seconds
        self._seen: dict[int, tuple[LeaseValue, float]] = {}

    def expired(self, jobs: Sequence[Job]) -> list[Job]:
        """The running jobs whose lease has expired; call it often, with all running jobs."""
        now = self._seconds()
        leases_now = {job.id: (job.claim, job.lease_until) for job in jobs}
        previous = self._seen
        self._seen = {
            job_id: previous[job_id] if job_id in previous and previous[job_id][0] == lease else (lease, now)
            for job_id, lease in leases_now.items()
        }
        return [job for job in jobs if now - self._seen[job.id][1] > self._length]


def recover_jobs(
    store: Store, broker: Broker, limits: RecoveryLimits, leases: LeaseTracker, now: datetime
) -> None:
    """Requeue every stranded job, or end it."""
    skip_expired_jobs(store, limits, now)
    requeue_expired_leases(store, limits, leases, now)
    mark_lost_unpublished(store, broker, limits, now)
    purge_idempotency_keys(store, limits, now)


def skip_expired_jobs(store: Store, limits: RecoveryLimits, now: datetime) -> None:
    """Skip waiting jobs that exceeded their TTL."""
    expired = (has_state(PENDING), Job.submitted_at < now - limits.ttl)
    for job in _find_jobs(store, *expired):
        skip_if_expired(store, job.id, limits.ttl, now)


def skip_if_expired(store: Store, job_id: int, ttl: timedelta, now: datetime) -> bool:
    """Skip a waiting job if it exceeded its TTL; tell whether it did."""
    with store.write() as session:
        expired = (Job.submitted_at < now - ttl,)
        return transition(
            session, Transition(job_id, SKIPPED, now, note=TTL_EXCEEDED), *expired, reason=TTL_EXCEEDED
        )


def requeue_expired_leases(store: Store, limits: RecoveryLimits, leases: LeaseTracker, now: datetime) -> None:
    """Requeue jobs whose lease expired; end those that lost too many workers or were cancelled."""
    running = (has_state(PROCESSING), Job.lease_until.is_not(None))
    for job in leases.expired(_find_jobs(store, *running)):
        with store.write() as session:
            _requeue(session, job, limits, now)
        # while nothing can be written it would be told in each round
        log.warning("job %d lost its worker %s", job.id, job.worker)


def mark_lost_unpublished(store: Store, broker: Broker, limits: RecoveryLimits, now: datetime) -> None:
    """Mark jobs as unpublished whose message the broker lost, as after a restart of Redis."""
    if not broker.is_configured:
        return
    # a moment in the future was stored while a clock was wrong
    out_of_grace = or_(Job.published_at < now - limits.grace, Job.published_at > now + limits.grace)
    unseen = (has_state(PENDING), Job.dispatch == "celery", out_of_grace)
    candidates = _find_jobs(store, *unseen)
    if not candidates:
        return
    queued = broker.waiting_job_ids()
    lost = [job for job in candidates if job.id not in queued]
    if not lost:
        return
    log.warning("the broker lost the messages of %d waiting jobs; they are published again", len(lost))
    with store.write() as session:
        for job in lost:
            unchanged = (Job.id == job.id, Job.state == PENDING, Job.published_at == job.published_at)
            session.execute(update(Job).where(*unchanged).values(published_at=None))


def _requeue(session: Session, job: Job, limits: RecoveryLimits, now: datetime) -> None:
    unchanged = (Job.claim == job.claim, Job.lease_until == job.lease_until)
    losses = job.losses + 1
    if job.cancel_requested_at is not None:
        transition(
            session, Transition(job.id, CANCELLED, now, note="cancelled; its worker is gone"), *unchanged
        )
    elif _was_killed_by_limit(job, limits):
        error = f"was killed at its hard time limit of {limits.hard_limit.total_seconds():g} s"
        transition(
            session, Transition(job.id, FAILED, now, note=error), *unchanged, error=error, losses=losses
        )
    elif losses > limits.max_losses:
        error = f"its worker was lost {losses} times"
        transition(
            session, Transition(job.id, FAILED, now, note=error), *unchanged, error=error, losses=losses
        )
    else:
        step = Transition(job.id, PENDING, now, note=f"worker {job.worker} was lost")
        transition(session, step, *unchanged, claim=None, lease_until=None, published_at=None, losses=losses)


def _was_killed_by_limit(job: Job, limits: RecoveryLimits) -> bool:
    # its lease was renewed until the limit, so another attempt would only take as long
    if job.started_at is None or job.lease_until is None:
        return False
    return job.lease_until - job.started_at >= limits.hard_limit


def _find_jobs(store: Store, *conditions: ColumnElement[bool]) -> Sequence[Job]:
    # read without the write lock, since there is nearly always nothing to do
    with store.read() as session:
        return session.scalars(select(Job).where(*conditions)).all()


def purge_idempotency_keys(store: Store, limits: RecoveryLimits, now: datetime) -> None:
    expired = IdempotencyKey.created_at < now - limits.ttl
    with store.read() as session:
        if session.scalar(select(IdempotencyKey.key).where(expired).limit(1)) is None:
            return
    with store.write() as session:
        session.execute(delete(IdempotencyKey).where(expired))
