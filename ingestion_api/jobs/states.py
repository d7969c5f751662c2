"""The states of a job, and its transitions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, update
from sqlalchemy.orm import Session

from ingestion_api.store.tables import Job, JobEvent

PENDING, PROCESSING = "pending", "processing"
COMPLETE, FAILED, SKIPPED, CANCELLED = "complete", "failed", "skipped", "cancelled"
ACTIVE = (PENDING, PROCESSING)
ENDED = (COMPLETE, FAILED, SKIPPED, CANCELLED)

INGESTION, EMBEDDINGS = "ingestion", "embeddings"
KINDS = (INGESTION, EMBEDDINGS)

ALLOWED_FROM = {
    PENDING: (PROCESSING,),
    PROCESSING: (PENDING,),
    COMPLETE: (PROCESSING,),
    FAILED: (PROCESSING,),
    SKIPPED: (PENDING,),
    CANCELLED: (PENDING, PROCESSING),
}


@dataclass(frozen=True)
class Transition:
    """A transition of one job to another state, and what its event records."""

    job_id: int
    to: str
    at: datetime
    note: str | None = None
    worker: str | None = None


def has_state(state: str) -> ColumnElement[bool]:
    """The condition on jobs in this state, written so that the database uses its index."""
    return and_(Job.kind.in_(KINDS), Job.state == state)


def transition(session: Session, step: Transition, *only_if: ColumnElement[bool], **values: Any) -> bool:
    """Apply the transition if the state and every condition allow it; tell whether it was applied."""
    statement = update(Job).where(Job.id == step.job_id, Job.state.in_(ALLOWED_FROM[step.to]), *only_if)
    ending = step.to in ENDED
    if ending:
        values |= {"ended_at": step.at, "claim": None, "lease_until": None}
    changed = session.execute(statement.values(state=step.to, **values))
    if not isinstance(changed, CursorResult) or changed.rowcount != 1:
        return False
    record_event(session, step)
    return True


def record_event(session: Session, step: Transition) -> None:
    """Insert the event of a transition."""
    ending = step.to in ENDED
    session.add(
        JobEvent(
            job_id=step.job_id, at=step.at, state=step.to, ending=ending, worker=step.worker, note=step.note
        )
    )
