"""Find the jobs that nobody works on any more although they should: lost, forgotten, too old."""

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

LeaseValue = tuple[str | None, datetime | None]  # a claim, and until when it says to hold
TTL_EXCEEDED = "Task exceeded TTL"  # the contract's words


@dataclass(frozen=True)
class RecoveryLimits:
    """How long a job may wait in all and run at once, a message be unseen, how often a worker be lost."""

    ttl: timedelta
    grace: timedelta
    max_losses: int
    hard_limit: timedelta = timedelta(days=365)


class LeaseTracker:
    """Which leases have run out, by what is seen of them and not by the clock of whoever wrote them.

    A worker renews its lease while it lives. One that is not renewed for its whole length, in seconds of our
    own that only rise, has run out. So no wrong clock, here or there, ends it early or keeps it for ever.
    """

    def __init__(self, length: timedelta, seconds: Callable[[], float] = elapsed_seconds) -> None:
        self._length = length.total_seconds()
        self._seconds = seconds
        self._seen: dict[int, tuple[LeaseValue, float]] = {}

    def run_out(self, jobs: Sequence[Job]) -> list[Job]:
        """Those of the running jobs whose lease has run out; call it often, with all of them."""
        now = self._seconds()
        sights = {job.id: (job.claim, job.lease_until) for job in jobs}
        before = self._seen
        self._seen = {
            job_id: before[job_id] if job_id in before and before[job_id][0] == sight else (sight, now)
            for job_id, sight in sights.items()
        }
        return [job for job in jobs if now - self._seen[job.id][1] > self._length]


def recover_jobs(
    store: Store, broker: Broker, patience: RecoveryLimits, leases: LeaseTracker, now: datetime
) -> None:
    """Bring every stranded job back to a state from which it goes on, or end it."""
    skip_expired_jobs(store, patience, now)
    requeue_expired_leases(store, patience, leases, now)
    mark_lost_unpublished(store, broker, patience, now)
    purge_idempotency_keys(store, patience, now)


def skip_expired_jobs(store: Store, patience: RecoveryLimits, now: datetime) -> None:
    """End waiting jobs that are older than their life."""
    old = (has_state(PENDING), Job.submitted_at < now - patience.ttl)
    for job in _find_jobs(store, *old):
        skip_if_expired(store, job.id, patience.ttl, now)


def skip_if_expired(store: Store, job_id: int, ttl: timedelta, now: datetime) -> bool:
    """End one waiting job if it is older than its life; tell whether it was."""
    with store.write() as session:
        old = (Job.submitted_at < now - ttl,)
        return transition(
            session, Transition(job_id, SKIPPED, now, note=TTL_EXCEEDED), *old, reason=TTL_EXCEEDED
        )


def requeue_expired_leases(
    store: Store, patience: RecoveryLimits, leases: LeaseTracker, now: datetime
) -> None:
    """Let jobs whose worker is gone wait again; end those that lost too many workers or were cancelled."""
    held = (has_state(PROCESSING), Job.lease_until.is_not(None))
    for job in leases.run_out(_find_jobs(store, *held)):
        log.warning("job %d lost its worker %s", job.id, job.worker)
        with store.write() as session:
            _requeue(session, job, patience, now)


def mark_lost_unpublished(store: Store, broker: Broker, patience: RecoveryLimits, now: datetime) -> None:
    """Mark jobs as unpublished whose message the broker has lost, as a restarted Redis does."""
    if not broker.is_configured:
        return
    # a moment in the future was written while a clock was wrong
    seen = or_(Job.published_at < now - patience.grace, Job.published_at > now + patience.grace)
    quiet = (has_state(PENDING), Job.dispatch == "celery", seen)
    candidates = _find_jobs(store, *quiet)
    if not candidates:
        return
    there = broker.waiting()
    vanished = [job for job in candidates if job.id not in there]
    if not vanished:
        return
    log.warning("the broker knows nothing of %d waiting jobs; they are published again", len(vanished))
    with store.write() as session:
        for job in vanished:
            same = (Job.id == job.id, Job.state == PENDING, Job.published_at == job.published_at)
            session.execute(update(Job).where(*same).values(published_at=None))


def _requeue(session: Session, job: Job, patience: RecoveryLimits, now: datetime) -> None:
    still = (Job.claim == job.claim, Job.lease_until == job.lease_until)
    losses = job.losses + 1
    if job.cancel_requested_at is not None:
        transition(session, Transition(job.id, CANCELLED, now, note="cancelled; its worker is gone"), *still)
    elif _was_killed_by_limit(job, patience):
        error = f"was killed at its hard time limit of {patience.hard_limit.total_seconds():g} s"
        transition(session, Transition(job.id, FAILED, now, note=error), *still, error=error, losses=losses)
    elif losses > patience.max_losses:
        error = f"its worker was lost {losses} times"
        transition(session, Transition(job.id, FAILED, now, note=error), *still, error=error, losses=losses)
    else:
        step = Transition(job.id, PENDING, now, note=f"worker {job.worker} was lost")
        transition(session, step, *still, claim=None, lease_until=None, published_at=None, losses=losses)


def _was_killed_by_limit(job: Job, patience: RecoveryLimits) -> bool:
    # it was heard of until the limit, so it would only take as long again
    if job.started_at is None or job.lease_until is None:
        return False
    return job.lease_until - job.started_at >= patience.hard_limit


def _find_jobs(store: Store, *conditions: ColumnElement[bool]) -> Sequence[Job]:
    # looked for without the write lock, since there is nearly always nothing to do
    with store.read() as session:
        return session.scalars(select(Job).where(*conditions)).all()


def purge_idempotency_keys(store: Store, patience: RecoveryLimits, now: datetime) -> None:
    old = IdempotencyKey.created_at < now - patience.ttl
    with store.read() as session:
        if session.scalar(select(IdempotencyKey.key).where(old).limit(1)) is None:
            return
    with store.write() as session:
        session.execute(delete(IdempotencyKey).where(old))
