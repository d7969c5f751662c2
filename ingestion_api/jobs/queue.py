"""How many jobs there are in each state, and where one stands in the line."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingestion_api.jobs.states import ENDED, PENDING, PROCESSING
from ingestion_api.store.tables import Job

INGESTION, EMBEDDINGS = "ingestion", "embeddings"
IS_WAITING = (Job.kind == INGESTION, Job.state == PENDING)
COUNT_WAITING = select(func.count()).select_from(Job).where(*IS_WAITING)


@dataclass(frozen=True)
class QueuePosition:
    """Where a job stands: 1 is next, 0 is no longer waiting; and how many wait."""

    position: int
    waiting: int


def waiting_count(session: Session) -> int:
    """How many ingestion jobs wait."""
    return session.scalar(COUNT_WAITING) or 0


def queue_position(session: Session, job: Job) -> QueuePosition:
    """Where an ingestion job stands in the line."""
    if job.state != PENDING:
        return QueuePosition(0, waiting_count(session))
    ahead = session.scalar(COUNT_WAITING.where(Job.id <= job.id)) or 0
    return QueuePosition(ahead, waiting_count(session))


def queue_positions(session: Session, jobs: Collection[Job]) -> Mapping[int, int]:
    """Where each of these jobs stands in the line, by one query; 0 for those that do not wait there."""
    found = dict.fromkeys((job.id for job in jobs), 0)
    waiting = [job.id for job in jobs if job.kind == INGESTION and job.state == PENDING]
    if not waiting:
        return found
    line = (
        select(Job.id, func.row_number().over(order_by=Job.id).label("position"))
        .where(*IS_WAITING)
        .subquery()
    )
    for job_id, position in session.execute(select(line).where(line.c.id.in_(waiting))):
        found[job_id] = position
    return found


def job_counts(session: Session, kind: str = INGESTION) -> Mapping[str, int]:
    """The number of jobs of a kind in every state."""
    query = select(Job.state, func.count()).where(Job.kind == kind).group_by(Job.state)
    found = {str(row[0]): int(row[1]) for row in session.execute(query)}
    return dict.fromkeys((PENDING, PROCESSING, *ENDED), 0) | found
