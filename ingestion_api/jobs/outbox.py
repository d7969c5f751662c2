"""The outbox relay: publish committed jobs to the broker and recover stranded ones."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select, update

from ingestion_api.broker import Broker, message_id
from ingestion_api.clock import Clock
from ingestion_api.edge_queue import EdgeQueue
from ingestion_api.jobs.edge_sync import sync_edge_jobs
from ingestion_api.jobs.recovery import LeaseTracker, RecoveryLimits, recover_jobs
from ingestion_api.jobs.states import PENDING, has_state
from ingestion_api.repository import UrlRules
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from ingestion_api.store.store import sync_clock
from ingestion_api.store.tables import Job

log = logging.getLogger(__name__)

BATCH_SIZE = 100
BATCH_DELAY = 0.02  # seconds in which more jobs may come: a round for many costs hardly more than for one


def publish_due_jobs(
    store: Store, broker: Broker, now: datetime, longest_wait: timedelta = timedelta(days=7)
) -> int:
    """Publish a message for every waiting job that has none; return how many were published.

    The job is marked before its message is published, so that only one of several services on a database
    publishes it. After a crash in between, the broker lacks the message, and recovery publishes it again.
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
        # a longer wait than any was stored while a clock was wrong
        .where(or_(Job.not_before.is_(None), Job.not_before <= now, Job.not_before > now + longest_wait))
        .order_by(Job.id)
        .limit(BATCH_SIZE)
    )


def _mark_published(store: Store, now: datetime, longest_wait: timedelta) -> Sequence[Job]:
    # read without the write lock, since mostly there is nothing to publish
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
    # a message may have arrived although publishing failed, and its job be claimed and released already
    unchanged = (Job.id.in_([job.id for job in jobs]), Job.state == PENDING, Job.published_at == now)
    with store.write() as session:
        session.execute(update(Job).where(*unchanged).values(published_at=None))


@dataclass(frozen=True)
class JobTransports:
    """The database of the jobs, and the queues that carry them."""

    store: Store
    broker: Broker
    edge: EdgeQueue | None
    rules: UrlRules


class OutboxRelay:
    """A thread beside the requests; several services on one database may each have one."""

    def __init__(self, transports: JobTransports, settings: Settings, clock: Clock) -> None:
        self._transports = transports
        self._clock = clock
        self._period = settings.outbox_period
        self._limits = RecoveryLimits(
            timedelta(seconds=settings.job_ttl),
            timedelta(seconds=settings.publish_grace),
            settings.max_losses,
            timedelta(seconds=settings.hard_time_limit),
        )
        self._lease_tracker = LeaseTracker(timedelta(seconds=settings.lease))
        self._longest_wait = timedelta(seconds=settings.retry_cap)
        self._problem = ""
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Publish now; call it after a job was committed."""
        self._wake.set()

    def stop(self) -> None:
        """Stop after the present round."""
        self._stopped.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def run_once(self) -> None:
        """Recover, then publish, once."""
        self._recover()
        self._publish()

    def _recover(self) -> None:
        transports = self._transports
        sync_clock(self._clock, transports.store)
        now = self._clock()
        recover_jobs(transports.store, transports.broker, self._limits, self._lease_tracker, now)
        if transports.edge is not None:
            sync_edge_jobs(transports.store, transports.edge, transports.rules, self._limits, now)

    def _publish(self) -> None:
        transports = self._transports
        while not self._stopped.is_set():
            if (
                publish_due_jobs(transports.store, transports.broker, self._clock(), self._longest_wait)
                < BATCH_SIZE
            ):
                return

    def _run(self) -> None:
        next_round = 0.0
        while not self._stopped.is_set():
            try:
                if time.monotonic() >= next_round:
                    next_round = time.monotonic() + self._period
                    self._recover()
                self._publish()
                self._tell("")
            except Exception as error:  # noqa: BLE001 - a database or broker that is away comes back
                self._tell(type(error).__name__)
            if self._wake.wait(self._period):
                self._stopped.wait(BATCH_DELAY)
            self._wake.clear()

    def _tell(self, problem: str) -> None:
        """Log a problem once, however many rounds it lasts, and its end."""
        if problem == self._problem:
            return
        self._problem = problem
        if problem:
            log.warning("outbox: %s; trying again every %g s", problem, self._period)
        else:
            log.warning("outbox: it works again")
