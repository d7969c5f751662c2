"""The thread that publishes what was accepted and recovers what was stranded."""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import timedelta

from ingestion_api.clock import Clock
from ingestion_api.dispatch.broker import Broker
from ingestion_api.dispatch.edge import EdgeQueue
from ingestion_api.jobs.edge_sync import sync_edge_jobs
from ingestion_api.jobs.publish import BATCH_SIZE, publish_due_jobs
from ingestion_api.jobs.recovery import LeaseTracker, RecoveryLimits, recover_jobs
from ingestion_api.repository import UrlRules
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from ingestion_api.store.store import sync_clock as follow_time

log = logging.getLogger(__name__)

BATCH_DELAY = 0.02  # seconds in which more may be accepted: one round for many costs hardly more than for one


@dataclass(frozen=True)
class JobTransports:
    """What jobs are taken from and where they go."""

    store: Store
    broker: Broker
    edge: EdgeQueue | None
    rules: UrlRules


class OutboxRelay:
    """Runs beside the requests; several services on one database may each have one."""

    def __init__(self, post: JobTransports, settings: Settings, clock: Clock) -> None:
        self._post = post
        self._clock = clock
        self._period = settings.outbox_period
        self._patience = RecoveryLimits(
            timedelta(seconds=settings.job_ttl),
            timedelta(seconds=settings.publish_grace),
            settings.max_losses,
            timedelta(seconds=settings.hard_time_limit),
        )
        self._leases = LeaseTracker(timedelta(seconds=settings.lease))
        self._longest_wait = timedelta(seconds=settings.retry_cap)
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Something was committed; do not wait for the period to end."""
        self._wake.set()

    def stop(self) -> None:
        """End after the present round."""
        self._stopped.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def round(self) -> None:
        """Recover, then publish, once."""
        self._recover()
        self._publish()

    def _recover(self) -> None:
        post = self._post
        follow_time(self._clock, post.store)
        now = self._clock()
        recover_jobs(post.store, post.broker, self._patience, self._leases, now)
        if post.edge is not None:
            sync_edge_jobs(post.store, post.edge, post.rules, self._patience, now)

    def _publish(self) -> None:
        post = self._post
        while not self._stopped.is_set():
            if publish_due_jobs(post.store, post.broker, self._clock(), self._longest_wait) < BATCH_SIZE:
                return

    def _run(self) -> None:
        next_round = 0.0
        while not self._stopped.is_set():
            try:
                if time.monotonic() >= next_round:
                    next_round = time.monotonic() + self._period
                    self._recover()
                self._publish()
            except Exception as error:  # noqa: BLE001 - a database or broker that is away comes back
                log.warning("outbox: %s; trying again in %g s", type(error).__name__, self._period)
            if self._wake.wait(self._period):
                self._stopped.wait(BATCH_DELAY)
            self._wake.clear()
