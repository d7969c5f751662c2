"""Renew the lease of a running job, write its progress, and notice its cancellation."""

import logging
import signal
import threading
import time
from datetime import timedelta
from types import TracebackType
from typing import Self

from ingestion_api.celery_worker.context import WorkerContext
from ingestion_api.jobs.lease import ClaimedJob, JobControl, Progress, renew_lease

log = logging.getLogger(__name__)

MAX_RENEW_INTERVAL = 1.0


class JobCancelled(Exception):
    """The job was cancelled."""


class LeaseLost(Exception):
    """Another worker may have the job, so this one must not write about it."""


class LeaseRenewer:
    """A thread that renews a lease while its block runs."""

    def __init__(self, context: WorkerContext, claim: ClaimedJob) -> None:
        # an interrupted job resumes, so its earlier embeddings count
        generated = claim.job.embeddings_generated
        self.control = JobControl(Progress(embeddings_generated=generated), self.checkpoint, self._renew)
        self._context = context
        self._claim = claim
        self._lease = timedelta(seconds=context.settings.lease)
        self._renewed = time.monotonic()
        self._stopped = threading.Event()
        self.cancelled = False
        self._lost = False
        self._thread = threading.Thread(target=self._run, name=f"hold-{claim.job.id}", daemon=True)

    def checkpoint(self) -> None:
        """Raise JobCancelled or LeaseLost when the work must stop; call it often."""
        if self._lost:
            raise LeaseLost
        if self.cancelled:
            raise JobCancelled

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        period = min(MAX_RENEW_INTERVAL, self._lease.total_seconds() / 4)
        while not self._stopped.wait(period):
            if self.cancelled:
                # a full period reached no checkpoint: the work is blocked by something outside
                interrupt_main_thread()
                return
            self._renew()

    def _renew(self) -> None:
        try:
            renewed = renew_lease(
                self._context.store, self._claim, self.control.progress, self._context.clock(), self._lease
            )
        except Exception as error:  # noqa: BLE001 - the lease limits how long the database may be away
            log.warning("job %d: the lease was not renewed: %s", self._claim.job.id, type(error).__name__)
            self._lost = time.monotonic() - self._renewed > self._lease.total_seconds()
            return
        self._renewed = time.monotonic()
        self._lost = not renewed.held
        self.cancelled = renewed.cancelled


def interrupt_main_thread() -> None:
    """Raise in the main thread, as Celery's soft time limit does; do nothing without that limit."""
    # without a handler the signal would end the process
    if callable(signal.getsignal(signal.SIGUSR1)):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
