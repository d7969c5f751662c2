"""The worker's own application, but a job of a repository called stubborn obeys no soft limit."""

import signal
from typing import Any

from celery.signals import task_prerun

from ingestion_api.celery_worker.app import app
from ingestion_api.celery_worker.context import worker_context
from ingestion_api.store.tables import Job

__all__ = ["app"]


@task_prerun.connect
def close_the_ears(args: tuple[Any, ...] = (), **_more: object) -> None:
    """As work does that is stuck in a library: the signal of the soft limit changes nothing."""
    with worker_context().store.read() as session:
        job = session.get(Job, args[0])
        if job is not None and "stubborn" in str(job.repo_url):
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
