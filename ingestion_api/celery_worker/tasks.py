"""The Celery tasks, and how each job runs from claim to end."""

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from celery import Task, shared_task
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ingestion_api.broker import TASKS
from ingestion_api.celery_worker.context import WorkerContext, worker_context
from ingestion_api.celery_worker.lease_renewer import JobCancelled, LeaseLost, LeaseRenewer
from ingestion_api.embeddings.scope import Scope
from ingestion_api.embeddings.vectors import EncodingContext, embed_resources
from ingestion_api.encoder import DeviceSettings, EncoderOutOfMemory, EncoderUnavailable, model_name
from ingestion_api.errors import ServiceError, Unavailable
from ingestion_api.jobs.lease import ClaimedJob, JobControl, claim_job, finish_job, release_job
from ingestion_api.jobs.recovery import skip_if_expired
from ingestion_api.jobs.states import CANCELLED, COMPLETE, EMBEDDINGS, FAILED, INGESTION, PENDING, Transition
from ingestion_api.repository import (
    CloningUnavailable,
    RepositoryError,
    RepositoryUnreachable,
    check_url,
    clone,
    sweep_scratch,
)
from ingestion_api.resources.ingest import ResourceTarget, ingest_files
from ingestion_api.resources.table import ResourceTable
from ingestion_api.settings import Settings
from ingestion_api.store.store import sync_clock

log = logging.getLogger(__name__)

# errors that may be gone at another attempt
_TEMPORARY_ERRORS = (RepositoryUnreachable, CloningUnavailable, Unavailable, EncoderOutOfMemory)

Work = Callable[[WorkerContext, ClaimedJob, JobControl], None]


@dataclass(frozen=True)
class JobOutcome:
    """The result of the work; `retry` requests another attempt, if one is left."""

    state: str
    error: str | None = None
    retry: bool = False
    note: str | None = None
    reason: str | None = None


def run_job(context: WorkerContext, job_id: int, worker: str, work: Work) -> None:
    """Claim the job, run it, finish it; do nothing when another worker has it or it has ended."""
    sync_clock(context.clock, context.store)
    if skip_if_expired(context.store, job_id, timedelta(seconds=context.settings.job_ttl), context.clock()):
        log.info("job %d exceeded its TTL and was skipped", job_id)
        return
    lease = timedelta(seconds=context.settings.lease)
    claim = claim_job(context.store, job_id, worker, context.clock(), lease)
    if claim is None:
        log.info("job %d is not waiting; its message is dropped", job_id)
        return
    renewer = LeaseRenewer(context, claim)
    try:
        outcome = _run_work(context, claim, renewer, work)
    except LeaseLost:
        log.warning("job %d was lost to another worker", job_id)
        return
    _record_outcome(context, claim, renewer, outcome)


def _run_work(context: WorkerContext, claim: ClaimedJob, renewer: LeaseRenewer, work: Work) -> JobOutcome:
    try:
        with renewer:
            work(context, claim, renewer.control)
    except LeaseLost:
        raise
    except SoftTimeLimitExceeded:
        if renewer.cancelled:
            return JobOutcome(CANCELLED)
        return JobOutcome(
            FAILED, f"took longer than its time limit of {context.settings.soft_time_limit:g} s"
        )
    except Exception as error:  # noqa: BLE001 - each job ends, whatever went wrong
        return _outcome_of_error(claim, error)
    control = renewer.control
    return JobOutcome(
        COMPLETE,
        note=_join_sentences(control.warnings + control.notes),
        reason=_join_sentences(control.warnings),
    )


def _join_sentences(sentences: Sequence[str]) -> str | None:
    return "; ".join(sentences) or None


def _outcome_of_error(claim: ClaimedJob, error: Exception) -> JobOutcome:
    if isinstance(error, JobCancelled):
        return JobOutcome(CANCELLED)
    if isinstance(error, (RepositoryError, EncoderUnavailable, ServiceError)):
        return JobOutcome(FAILED, str(error), retry=isinstance(error, _TEMPORARY_ERRORS))
    if isinstance(error, (DBAPIError, PoolTimeoutError)):
        log.warning("job %d: the database failed: %s", claim.job.id, type(error).__name__)
        return JobOutcome(FAILED, "the database did not answer or refused a row", retry=True)
    log.error("job %d failed unexpectedly", claim.job.id, exc_info=error)
    values = f"failed unexpectedly ({type(error).__name__}); the worker's log says why"
    return JobOutcome(FAILED, values, retry=True)


def _record_outcome(
    context: WorkerContext, claim: ClaimedJob, renewer: LeaseRenewer, outcome: JobOutcome
) -> None:
    attempts = claim.job.attempts
    now = context.clock()
    with context.store.write() as session:
        if outcome.retry and attempts < context.settings.max_attempts:
            wait = retry_delay(context.settings, attempts)
            step = Transition(claim.job.id, PENDING, now, note=outcome.error, worker=claim.worker)
            release_job(session, claim, step, now + timedelta(seconds=wait))
            return
        note = outcome.error or outcome.note
        step = Transition(claim.job.id, outcome.state, now, note=note, worker=claim.worker)
        # a cancellation has set the reason already
        values = {"error": outcome.error} | ({"reason": outcome.reason} if outcome.reason else {})
        finish_job(session, claim, step, renewer.control.progress, **values)


def retry_delay(settings: Settings, attempts: int) -> float:
    """Seconds until the next attempt: exponential backoff with a cap and jitter."""
    longest: float = min(settings.retry_cap, settings.retry_base * 2 ** (attempts - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not secrecy


@shared_task(bind=True, name=TASKS[EMBEDDINGS])
def generate_embeddings(self: "Task[Any, Any]", job_id: int) -> None:
    """Run the generation with this id."""
    run_job(worker_context(), job_id, str(self.request.hostname), generate_vectors)


def generate_vectors(context: WorkerContext, claim: ClaimedJob, control: JobControl) -> None:
    """Make the vectors of the job, resuming where an earlier attempt stopped."""
    parameters = claim.job.parameters
    resources = context.resources.table()
    encoding = make_encoding_context(context, claim, resources, int(parameters["batch_size"]))
    ids = parameters["resource_ids"]
    keys = [resources.key(key) for key in ids] if ids is not None else None
    # jobs of the release before have no such parameter
    outdated = model_name(encoding.encoder) if parameters.get("outdated") else None
    scope = Scope(keys, renew=bool(parameters["rebuild"]) or keys is not None, outdated=outdated)
    embed_resources(encoding, scope, control)
    control.progress.stage = "done"


def make_encoding_context(
    context: WorkerContext, claim: ClaimedJob, resources: ResourceTable, batch_size: int
) -> EncodingContext:
    """Make the context in which this job encodes texts."""
    settings = context.settings
    return EncodingContext(
        store=context.store,
        resources=resources,
        clock=context.clock,
        encoder=settings.encoder,
        job_id=claim.job.id,
        batch_size=batch_size,
        max_terms=settings.corpus_terms,
        device=DeviceSettings(settings.encoder_device, settings.encoder_precision, settings.encoder_memory),
    )


@shared_task(bind=True, name=TASKS[INGESTION])
def ingest(self: "Task[Any, Any]", job_id: int) -> None:
    """Run the ingestion job with this id."""
    run_job(worker_context(), job_id, str(self.request.hostname), ingest_repository)


def ingest_repository(context: WorkerContext, claim: ClaimedJob, control: JobControl) -> None:
    """Clone, read, store, embed; raises RepositoryError and what the databases raise."""
    url = check_url(claim.job.repo_url or "", context.rules)
    resources = context.resources.table()
    control.progress.stage = "cloning"
    sweep_scratch(context.scratch)  # a killed process leaves its folder behind
    with clone(url, context.rules, context.limits, context.scratch, control.checkpoint) as snapshot:
        control.progress.stage = "reading"
        model = model_name(context.settings.encoder)
        target = ResourceTarget(context.store, resources, url, context.clock, claim.job.id, model)
        # the time limit holds until the last row is written
        ingested = ingest_files(target, snapshot, replace(control, checkpoint=snapshot.check))
    control.progress.stage = "embedding"
    encoding = make_encoding_context(context, claim, resources, context.settings.batch_size)
    embed_resources(encoding, Scope(ingested.ids), control)
    control.progress.stage = "done"
