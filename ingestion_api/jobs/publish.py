"""The way from a committed job to a message in the broker."""

import logging
from datetime import datetime

from sqlalchemy import and_, bindparam, case, or_, select, update

from ingestion_api.dispatch.broker import Broker
from ingestion_api.jobs.cancel import message_id
from ingestion_api.jobs.states import PENDING, is_in
from ingestion_api.store import Store
from ingestion_api.store.tables import Job

log = logging.getLogger(__name__)

BATCH = 100


def publish_due(store: Store, broker: Broker, now: datetime) -> int:
    """Send a message for every waiting job that has none; tell how many were sent.

    A crash between sending and writing it down leads to a second message, which no worker can claim.
    """
    due = _due(store, now)
    sent = []
    for job in due:
        if not _sent(broker, job):
            break
        sent.append(job)
    _mark(store, sent, now)
    return len(sent)


def _due(store: Store, now: datetime) -> list[Job]:
    query = (
        select(Job)
        .where(is_in(PENDING), Job.dispatch == "celery", Job.published_at.is_(None))
        .where(or_(Job.not_before.is_(None), Job.not_before <= now))
        .order_by(Job.id)
        .limit(BATCH)
    )
    with store.read() as session:
        return list(session.scalars(query))


def _sent(broker: Broker, job: Job) -> bool:
    try:
        broker.publish(job.kind, job.id, message_id(job.id, job.publications))
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the job stays due
        log.warning("job %d could not be published yet: %s", job.id, type(error).__name__)
        return False
    return True


def _mark(store: Store, sent: list[Job], now: datetime) -> None:
    if not sent:
        return
    # a quick worker may have taken and given back the job already: then it is due again
    same = (Job.state == PENDING, Job.attempts == bindparam("seen_attempts"))
    statement = (
        update(Job)
        .where(Job.id == bindparam("sent_id"))
        .values(
            publications=Job.publications + 1, published_at=case((and_(*same), now), else_=Job.published_at)
        )
    )
    marks = [{"sent_id": job.id, "seen_attempts": job.attempts} for job in sent]
    with store.write() as session:
        session.connection().execute(statement, marks)
