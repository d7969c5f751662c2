"""How many jobs there are in each state, and where one stands in the line."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingestion_api.jobs.states import ENDED, PENDING, PROCESSING
from ingestion_api.store.tables import Job

INGESTION, EMBEDDINGS = "ingestion", "embeddings"
WAITING = select(func.count()).select_from(Job).where(Job.kind == INGESTION, Job.state == PENDING)


@dataclass(frozen=True)
class Place:
    """Where a job stands: 1 is next, 0 is no longer waiting; and how many wait."""

    position: int
    waiting: int


def waiting(session: Session) -> int:
    """How many ingestion jobs wait."""
    return session.scalar(WAITING) or 0


def place(session: Session, job: Job) -> Place:
    """Where an ingestion job stands in the line."""
    if job.state != PENDING:
        return Place(0, waiting(session))
    ahead = session.scalar(WAITING.where(Job.id <= job.id)) or 0
    return Place(ahead, waiting(session))


def counts(session: Session, kind: str = INGESTION) -> Mapping[str, int]:
    """The number of jobs of a kind in every state."""
    query = select(Job.state, func.count()).where(Job.kind == kind).group_by(Job.state)
    found = {str(row[0]): int(row[1]) for row in session.execute(query)}
    return dict.fromkeys((PENDING, PROCESSING, *ENDED), 0) | found
