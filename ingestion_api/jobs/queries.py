"""Read jobs: counts, positions in the queue, pages of jobs, and the events of each."""

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Row, bindparam, func, select, tuple_
from sqlalchemy.orm import Session

from ingestion_api.errors import BadRequest
from ingestion_api.jobs.states import ENDED, INGESTION, PENDING, PROCESSING
from ingestion_api.store.tables import Job, JobEvent
from ingestion_api.store.tables.base import MAX_ID

IS_WAITING = (Job.kind == INGESTION, Job.state == PENDING)
COUNT_WAITING = select(func.count()).select_from(Job).where(*IS_WAITING)
# made once: to build a query costs as much as to run it
QUEUE = (
    select(Job.id, func.row_number().over(order_by=Job.id).label("position")).where(*IS_WAITING).subquery()
)
POSITIONS = select(QUEUE).where(QUEUE.c.id.in_(bindparam("ids", expanding=True)))
COUNT_BY_STATE = (
    select(Job.state, func.count())
    .where(Job.kind == bindparam("kind", type_=Job.kind.type))
    .group_by(Job.state)
)
# columns, as whole objects take twice as long, and a page of jobs has hundreds of events
EVENTS = (
    select(JobEvent.job_id, JobEvent.at, JobEvent.state, JobEvent.worker, JobEvent.note)
    .where(JobEvent.job_id.in_(bindparam("ids", expanding=True)))
    .order_by(JobEvent.job_id, JobEvent.id)
)
EventRow = Row[int, datetime, str, str | None, str | None]  # job_id, at, state, worker, note
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
INVALID_CURSOR = "cursor is invalid; expected next_cursor of an earlier response."


@dataclass(frozen=True)
class QueuePosition:
    """A job's position, 1 is next and 0 no longer waiting, and the length of the queue."""

    position: int
    waiting: int


def waiting_count(session: Session) -> int:
    """The number of waiting ingestion jobs."""
    return session.scalar(COUNT_WAITING) or 0


def queue_position(session: Session, job: Job) -> QueuePosition:
    """The position of an ingestion job in the queue."""
    if job.state != PENDING:
        return QueuePosition(0, waiting_count(session))
    ahead = session.scalar(COUNT_WAITING.where(Job.id <= job.id)) or 0
    return QueuePosition(ahead, waiting_count(session))


def queue_positions(session: Session, jobs: Collection[Job]) -> Mapping[int, int]:
    """The position of each job in the queue, by one query; 0 for those that do not wait."""
    positions = dict.fromkeys((job.id for job in jobs), 0)
    waiting = [job.id for job in jobs if job.kind == INGESTION and job.state == PENDING]
    if not waiting:
        return positions
    for job_id, position in session.execute(POSITIONS, {"ids": waiting}):
        positions[job_id] = position
    return positions


def job_counts(session: Session, kind: str = INGESTION) -> Mapping[str, int]:
    """The number of jobs of a kind in every state."""
    counts = {str(row[0]): int(row[1]) for row in session.execute(COUNT_BY_STATE, {"kind": kind})}
    return dict.fromkeys((PENDING, PROCESSING, *ENDED), 0) | counts


@dataclass(frozen=True)
class JobPage:
    """Some jobs, and the cursor of the next page; None at the end."""

    jobs: Sequence[Job]
    next_cursor: str | None


def ended_jobs(session: Session, limit: int, cursor: str | None = None, kind: str = INGESTION) -> JobPage:
    """Ended jobs of a kind, `limit` at most, after `cursor`; BadRequest for an invalid cursor."""
    query = select(Job).where(Job.kind == kind, Job.state.in_(ENDED))
    if cursor:
        query = query.where(tuple_(Job.ended_at, Job.id) < tuple_(*_decode_cursor(cursor)))
    jobs = session.scalars(query.order_by(Job.ended_at.desc(), Job.id.desc()).limit(limit + 1)).all()
    return JobPage(jobs[:limit], _encode_cursor(jobs[limit - 1]) if len(jobs) > limit else None)


def newest_jobs(session: Session, limit: int, before: int | None = None, state: str | None = None) -> JobPage:
    """Ingestion jobs in any state, or in one, newest first; `before` is the last id of the page before."""
    query = select(Job).where(Job.kind == INGESTION)
    if state is not None:
        query = query.where(Job.state == state)
    if before is not None:
        query = query.where(Job.id < before)
    jobs = session.scalars(query.order_by(Job.id.desc()).limit(limit + 1)).all()
    return JobPage(jobs[:limit], str(jobs[limit - 1].id) if len(jobs) > limit else None)


def job_events(session: Session, job_id: int) -> Sequence[EventRow]:
    """The events of one job, oldest first."""
    return events_by_job(session, (job_id,))[job_id]


def events_by_job(session: Session, job_ids: Collection[int]) -> dict[int, list[EventRow]]:
    """The events of each of these jobs, oldest first, by one query."""
    events: dict[int, list[EventRow]] = {job_id: [] for job_id in job_ids}
    for event in session.execute(EVENTS, {"ids": list(job_ids)}):
        events[event.job_id].append(event)
    return events


def duration_seconds(job: Job) -> float | None:
    """The duration of the last attempt; None when the job never ran or still runs."""
    if job.started_at is None or job.ended_at is None:
        return None
    return (job.ended_at - job.started_at).total_seconds()


def age_seconds(job: Job) -> float | None:
    """The age of the job at its end; None while it is active."""
    return (job.ended_at - job.submitted_at).total_seconds() if job.ended_at else None


def _encode_cursor(job: Job) -> str:
    ended_at = job.ended_at or job.submitted_at
    return base64.urlsafe_b64encode(f"{(ended_at - EPOCH) // MICROSECOND}.{job.id}".encode()).decode()


def _decode_cursor(cursor: str) -> tuple[datetime, int]:
    try:
        text = base64.b64decode(cursor, altchars=b"-_", validate=True).decode("ascii")
        moment, job_id = (int(part) for part in text.split("."))
        ended_at = EPOCH + MICROSECOND * moment
    except (binascii.Error, ValueError, OverflowError):
        raise BadRequest(INVALID_CURSOR) from None
    # a larger number would be an error in the database
    if not 0 < job_id <= MAX_ID:
        raise BadRequest(INVALID_CURSOR)
    return ended_at, job_id
