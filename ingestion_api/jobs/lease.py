"""A worker's claim on a job: taken once, renewed while it works, released or finished at the end."""

import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from ingestion_api.jobs.states import PENDING, PROCESSING, Transition, transition
from ingestion_api.store import Store
from ingestion_api.store.tables import Job


@dataclass
class Progress:
    """The progress of the work; the thread that renews the lease stores it."""

    stage: str | None = None
    files_total: int | None = None
    files_processed: int | None = None
    embeddings_total: int | None = None
    embeddings_generated: int | None = None

    def values(self) -> dict[str, Any]:
        """The columns to store: those that are known."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def _do_nothing() -> None:
    """Do nothing."""


@dataclass
class JobControl:
    """The work calls `checkpoint` often, which raises when it must stop; `save` stores the progress now.

    `notes` become the note of the job's last event when it completes; `warnings` become its reason as well.
    """

    progress: Progress = field(default_factory=Progress)
    checkpoint: Callable[[], None] = _do_nothing
    save: Callable[[], None] = _do_nothing
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ClaimedJob:
    """A job that only this worker may finish."""

    job: Job
    token: str
    worker: str


@dataclass(frozen=True)
class LeaseStatus:
    """Whether the claim still holds, and whether the job was cancelled."""

    held: bool
    cancelled: bool


def claim_job(store: Store, job_id: int, worker: str, now: datetime, lease: timedelta) -> ClaimedJob | None:
    """Claim a waiting job; None when it is not waiting."""
    token = str(uuid.uuid4())
    with store.write() as session:
        claimed = transition(
            session,
            Transition(job_id, PROCESSING, now, worker=worker),
            claim=token,
            worker=worker,
            started_at=now,
            lease_until=now + lease,
            attempts=Job.attempts + 1,
            error=None,
            stage="starting",
        )
        job = session.get(Job, job_id) if claimed else None
    return ClaimedJob(job, token, worker) if job is not None else None


def renew_lease(
    store: Store, claim: ClaimedJob, progress: Progress, now: datetime, lease: timedelta
) -> LeaseStatus:
    """Store the progress and extend the lease."""
    is_held = (Job.id == claim.job.id, Job.claim == claim.token, Job.state == PROCESSING)
    statement = update(Job).where(*is_held).values(lease_until=now + lease, **progress.values())
    with store.write() as session:
        row = session.execute(statement.returning(Job.cancel_requested_at)).first()
    return LeaseStatus(held=row is not None, cancelled=row is not None and row[0] is not None)


def finish_job(
    session: Session, claim: ClaimedJob, step: Transition, progress: Progress, **outcome: str | None
) -> bool:
    """Apply the final transition, if the claim still holds; `outcome` is the job's error and reason."""
    return transition(session, step, Job.claim == claim.token, **progress.values(), **outcome)


def release_job(session: Session, claim: ClaimedJob, step: Transition, not_before: datetime) -> bool:
    """Return the job to the queue, not before the given moment; ValueError unless `step` leads to pending."""
    if step.to != PENDING:
        raise ValueError(f"step leads to {step.to!r}; expected {PENDING!r}")
    return transition(
        session,
        step,
        Job.claim == claim.token,
        claim=None,
        lease_until=None,
        published_at=None,
        not_before=not_before,
        error=step.note,
    )
