"""Do one job from claim to end, whatever happens in between."""

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ingestion_api.encoder import EncoderOutOfMemory, EncoderUnavailable
from ingestion_api.errors import ServiceError, Unavailable
from ingestion_api.jobs.claim import ClaimedJob, claim_job, finish_job, release_job
from ingestion_api.jobs.recovery import skip_if_expired
from ingestion_api.jobs.states import CANCELLED, COMPLETE, FAILED, PENDING, Transition
from ingestion_api.jobs.watch import JobControl
from ingestion_api.repository import CloningUnavailable, RepositoryError, RepositoryUnreachable
from ingestion_api.settings import Settings
from ingestion_api.store.store import sync_clock
from ingestion_api.tasks.hold import JobCancelled, LeaseLost, LeaseRenewer
from ingestion_api.worker.bench import WorkerContext

log = logging.getLogger(__name__)

# what another attempt may find mended
_TEMPORARY_ERRORS = (RepositoryUnreachable, CloningUnavailable, Unavailable, EncoderOutOfMemory)

Work = Callable[[WorkerContext, ClaimedJob, JobControl], None]


@dataclass(frozen=True)
class JobOutcome:
    """How the work went; `again` asks for another attempt, if there is one left."""

    state: str
    error: str | None = None
    again: bool = False
    note: str | None = None
    reason: str | None = None


def run_job(bench: WorkerContext, job_id: int, worker: str, work: Work) -> None:
    """Claim the job, do it, end it; nothing happens when another worker has it or it has ended."""
    sync_clock(bench.clock, bench.store)
    if skip_if_expired(bench.store, job_id, timedelta(seconds=bench.settings.job_ttl), bench.clock()):
        log.info("job %d is older than its life and was skipped", job_id)
        return
    lease = timedelta(seconds=bench.settings.lease)
    claim = claim_job(bench.store, job_id, worker, bench.clock(), lease)
    if claim is None:
        log.info("job %d is not waiting; its message is dropped", job_id)
        return
    hold = LeaseRenewer(bench, claim)
    try:
        outcome = _run_work(bench, claim, hold, work)
    except LeaseLost:
        log.warning("job %d was lost to another worker", job_id)
        return
    _record_outcome(bench, claim, hold, outcome)


def _run_work(bench: WorkerContext, claim: ClaimedJob, hold: LeaseRenewer, work: Work) -> JobOutcome:
    try:
        with hold:
            work(bench, claim, hold.watch)
    except LeaseLost:
        raise
    except SoftTimeLimitExceeded:
        if hold.cancelled:
            return JobOutcome(CANCELLED)
        return JobOutcome(FAILED, f"took longer than its time limit of {bench.settings.soft_time_limit:g} s")
    except Exception as error:  # noqa: BLE001 - each job ends, whatever went wrong
        return _outcome_of_error(claim, error)
    watch = hold.watch
    return JobOutcome(
        COMPLETE, note=_join_sentences(watch.warnings + watch.notes), reason=_join_sentences(watch.warnings)
    )


def _join_sentences(sentences: Sequence[str]) -> str | None:
    return "; ".join(sentences) or None


def _outcome_of_error(claim: ClaimedJob, error: Exception) -> JobOutcome:
    if isinstance(error, JobCancelled):
        return JobOutcome(CANCELLED)
    if isinstance(error, (RepositoryError, EncoderUnavailable, ServiceError)):
        return JobOutcome(FAILED, str(error), again=isinstance(error, _TEMPORARY_ERRORS))
    if isinstance(error, (DBAPIError, PoolTimeoutError)):
        log.warning("job %d: the database failed: %s", claim.job.id, type(error).__name__)
        return JobOutcome(FAILED, "the database did not answer or refused a row", again=True)
    log.error("job %d failed unexpectedly", claim.job.id, exc_info=error)
    said = f"failed unexpectedly ({type(error).__name__}); the worker's log says why"
    return JobOutcome(FAILED, said, again=True)


def _record_outcome(bench: WorkerContext, claim: ClaimedJob, hold: LeaseRenewer, outcome: JobOutcome) -> None:
    attempts = claim.job.attempts
    now = bench.clock()
    with bench.store.write() as session:
        if outcome.again and attempts < bench.settings.max_attempts:
            wait = retry_delay(bench.settings, attempts)
            step = Transition(claim.job.id, PENDING, now, note=outcome.error, worker=claim.worker)
            release_job(session, claim, step, now + timedelta(seconds=wait))
            return
        note = outcome.error or outcome.note
        step = Transition(claim.job.id, outcome.state, now, note=note, worker=claim.worker)
        # who cancelled it has written a reason already, which stays
        said = {"error": outcome.error} | ({"reason": outcome.reason} if outcome.reason else {})
        finish_job(session, claim, step, hold.watch.progress, **said)


def retry_delay(settings: Settings, attempts: int) -> float:
    """Seconds until the next attempt: doubled each time, capped, spread so that jobs do not keep step."""
    longest: float = min(settings.retry_cap, settings.retry_base * 2 ** (attempts - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreading, not secrecy
