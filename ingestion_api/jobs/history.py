"""Jobs that have ended, newest first, and the pages of them."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from ingestion_api.jobs.queue import INGESTION
from ingestion_api.jobs.states import ENDED
from ingestion_api.problems import BadRequest
from ingestion_api.store.tables import Job, JobEvent

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Page:
    """Some jobs, and where the next page begins; None at the end."""

    jobs: Sequence[Job]
    next_cursor: str | None


def ended(session: Session, limit: int, cursor: str | None = None, kind: str = INGESTION) -> Page:
    """Ended jobs of a kind, `limit` at most, after `cursor`; BadRequest when it is no cursor of ours."""
    query = select(Job).where(Job.kind == kind, Job.state.in_(ENDED))
    if cursor:
        query = query.where(tuple_(Job.ended_at, Job.id) < tuple_(*_read(cursor)))
    found = session.scalars(query.order_by(Job.ended_at.desc(), Job.id.desc()).limit(limit + 1)).all()
    return Page(found[:limit], _write(found[limit - 1]) if len(found) > limit else None)


def newest(session: Session, limit: int, before: int | None = None, state: str | None = None) -> Page:
    """Ingestion jobs in any state, or in one, newest first; `before` is the last id of the page before."""
    query = select(Job).where(Job.kind == INGESTION)
    if state is not None:
        query = query.where(Job.state == state)
    if before is not None:
        query = query.where(Job.id < before)
    found = session.scalars(query.order_by(Job.id.desc()).limit(limit + 1)).all()
    return Page(found[:limit], str(found[limit - 1].id) if len(found) > limit else None)


def story(session: Session, job_id: int) -> Sequence[JobEvent]:
    """The steps of one job, oldest first."""
    return session.scalars(select(JobEvent).where(JobEvent.job_id == job_id).order_by(JobEvent.id)).all()


def duration_seconds(job: Job) -> float | None:
    """How long the last attempt took; None when the job never ran or still runs."""
    if job.started_at is None or job.ended_at is None:
        return None
    return (job.ended_at - job.started_at).total_seconds()


def age_seconds(job: Job) -> float | None:
    """How old the job was when it ended; None while it is active."""
    return (job.ended_at - job.submitted_at).total_seconds() if job.ended_at else None


def _write(job: Job) -> str:
    ended_at = job.ended_at or job.submitted_at
    return base64.urlsafe_b64encode(f"{(ended_at - EPOCH) // MICROSECOND}.{job.id}".encode()).decode()


def _read(cursor: str) -> tuple[datetime, int]:
    try:
        moment, job_id = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().split(".")
        return EPOCH + MICROSECOND * int(moment), int(job_id)
    except (binascii.Error, ValueError, OverflowError):
        raise BadRequest("cursor is not one of ours; expected next_cursor of an earlier answer.") from None
