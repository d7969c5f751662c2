"""The way from a committed job to a message in the broker."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select, update

from ingestion_api.dispatch.broker import Broker
from ingestion_api.jobs.cancel import message_id
from ingestion_api.jobs.states import PENDING, has_state
from ingestion_api.store import Store
from ingestion_api.store.tables import Job

log = logging.getLogger(__name__)

BATCH_SIZE = 100


def publish_due_jobs(
    store: Store, broker: Broker, now: datetime, longest_wait: timedelta = timedelta(days=7)
) -> int:
    """Send a message for every waiting job that has none; tell how many were sent.

    The job is marked before its message is sent, so that of several services on one database only one
    sends it. After a crash in between, the broker does not know the message, and recovery sends it again.
    """
    if not broker.is_configured:
        return 0
    due = _mark_published(store, now, longest_wait)
    sent = 0
    for job in due:
        if not _publish(broker, job):
            _mark_unpublished(store, due[sent:], now)
            break
        sent += 1
    return sent


def _due_jobs(now: datetime, longest_wait: timedelta) -> Select[Job]:
    return (
        select(Job)
        .where(has_state(PENDING), Job.dispatch == "celery", Job.published_at.is_(None))
        # a wait that is longer than any was written while a clock was wrong
        .where(or_(Job.not_before.is_(None), Job.not_before <= now, Job.not_before > now + longest_wait))
        .order_by(Job.id)
        .limit(BATCH_SIZE)
    )


def _mark_published(store: Store, now: datetime, longest_wait: timedelta) -> Sequence[Job]:
    # looked for without the write lock, since mostly there is nothing to send
    with store.read() as session:
        if session.scalars(_due_jobs(now, longest_wait).limit(1)).first() is None:
            return ()
    with store.write() as session:
        due = session.scalars(_due_jobs(now, longest_wait).with_for_update(skip_locked=True)).all()
        for job in due:
            job.published_at = now
            job.publications += 1
    return due


def _publish(broker: Broker, job: Job) -> bool:
    try:
        broker.publish(job.kind, job.id, message_id(job.id, job.publications - 1))
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the job stays due
        log.warning("job %d could not be published yet: %s", job.id, type(error).__name__)
        return False
    return True


def _mark_unpublished(store: Store, jobs: Sequence[Job], now: datetime) -> None:
    # a message may have arrived although sending failed, and its job be taken and given back already
    same = (Job.id.in_([job.id for job in jobs]), Job.state == PENDING, Job.published_at == now)
    with store.write() as session:
        session.execute(update(Job).where(*same).values(published_at=None))
