"""Remove old jobs that have ended. What they amounted to is kept, as counters are sums over all jobs ever."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, exists, false, func, select, update
from sqlalchemy.orm import Session

from ingestion_api.jobs.states import ENDED, KINDS
from ingestion_api.metrics.job_totals import removed_sums
from ingestion_api.retention.removal import Removal, Retention, last_id_beyond
from ingestion_api.store.removed_totals import add_removed
from ingestion_api.store.tables import IdempotencyKey, Job, JobEvent

LOCK = "ended jobs"


def job_removal(kept: Retention, now: datetime) -> Removal:
    """Those that ended too long ago, and those that are too many."""
    oldest = kept.oldest(now)

    def too_old(session: Session) -> Select[Any]:
        return _removable(session).where(Job.ended_at < oldest if oldest else false())

    def too_many(session: Session) -> Select[Any]:
        return _removable(session).where(Job.id <= last_id_beyond(session, Job.id, kept.number))

    return Removal("jobs", (too_old, too_many), _delete, LOCK)


def _removable(session: Session) -> Select[Any]:
    """What has ended, but the latest of each kind, which is shown, and what a repeated request names."""
    # the end of the latest, not its row: so the index by end has all that is asked
    latest = [session.scalar(select(func.max(Job.ended_at)).where(Job.kind == kind)) for kind in KINDS]
    named = exists().where(IdempotencyKey.job_id == Job.id)
    query = select(Job.id).where(Job.kind.in_(KINDS), Job.state.in_(ENDED), ~named)
    return query.where(Job.ended_at.not_in([each for each in latest if each])).order_by(Job.id)


def _delete(session: Session, ids: Sequence[int]) -> None:
    add_removed(session, removed_sums(session, Job.id.in_(ids)))
    session.execute(update(Job).where(Job.retry_of.in_(ids)).values(retry_of=None))
    session.execute(delete(JobEvent).where(JobEvent.job_id.in_(ids)))
    session.execute(delete(Job).where(Job.id.in_(ids)))
