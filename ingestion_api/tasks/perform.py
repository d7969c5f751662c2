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
from ingestion_api.jobs.claim import Claim, end, give_back, take
from ingestion_api.jobs.recover import skip_if_old
from ingestion_api.jobs.states import CANCELLED, COMPLETE, FAILED, PENDING, Step
from ingestion_api.jobs.watch import Watch
from ingestion_api.problems import Problem, Unavailable
from ingestion_api.repository import CloningUnavailable, RepositoryError, RepositoryUnreachable
from ingestion_api.settings import Settings
from ingestion_api.store.store import follow
from ingestion_api.tasks.hold import Cancelled, Hold, Lost
from ingestion_api.worker.bench import Bench

log = logging.getLogger(__name__)

# what another attempt may find mended
_PASSING = (RepositoryUnreachable, CloningUnavailable, Unavailable, EncoderOutOfMemory)

Work = Callable[[Bench, Claim, Watch], None]


@dataclass(frozen=True)
class Outcome:
    """How the work went; `again` asks for another attempt, if there is one left."""

    state: str
    error: str | None = None
    again: bool = False
    note: str | None = None
    reason: str | None = None


def perform(bench: Bench, job_id: int, worker: str, work: Work) -> None:
    """Claim the job, do it, end it; nothing happens when another worker has it or it has ended."""
    follow(bench.clock, bench.store)
    if skip_if_old(bench.store, job_id, timedelta(seconds=bench.settings.job_ttl), bench.clock()):
        log.info("job %d is older than its life and was skipped", job_id)
        return
    lease = timedelta(seconds=bench.settings.lease)
    claim = take(bench.store, job_id, worker, bench.clock(), lease)
    if claim is None:
        log.info("job %d is not waiting; its message is dropped", job_id)
        return
    hold = Hold(bench, claim)
    try:
        outcome = _attempt(bench, claim, hold, work)
    except Lost:
        log.warning("job %d was lost to another worker", job_id)
        return
    _settle(bench, claim, hold, outcome)


def _attempt(bench: Bench, claim: Claim, hold: Hold, work: Work) -> Outcome:
    try:
        with hold:
            work(bench, claim, hold.watch)
    except Lost:
        raise
    except SoftTimeLimitExceeded:
        if hold.cancelled:
            return Outcome(CANCELLED)
        return Outcome(FAILED, f"took longer than its time limit of {bench.settings.soft_time_limit:g} s")
    except Exception as error:  # noqa: BLE001 - each job ends, whatever went wrong
        return _outcome(claim, error)
    watch = hold.watch
    return Outcome(COMPLETE, note=_joined(watch.warnings + watch.notes), reason=_joined(watch.warnings))


def _joined(sentences: Sequence[str]) -> str | None:
    return "; ".join(sentences) or None


def _outcome(claim: Claim, error: Exception) -> Outcome:
    if isinstance(error, Cancelled):
        return Outcome(CANCELLED)
    if isinstance(error, (RepositoryError, EncoderUnavailable, Problem)):
        return Outcome(FAILED, str(error), again=isinstance(error, _PASSING))
    if isinstance(error, (DBAPIError, PoolTimeoutError)):
        log.warning("job %d: the database failed: %s", claim.job.id, type(error).__name__)
        return Outcome(FAILED, "the database did not answer or refused a row", again=True)
    log.error("job %d failed unexpectedly", claim.job.id, exc_info=error)
    said = f"failed unexpectedly ({type(error).__name__}); the worker's log says why"
    return Outcome(FAILED, said, again=True)


def _settle(bench: Bench, claim: Claim, hold: Hold, outcome: Outcome) -> None:
    attempts = claim.job.attempts
    now = bench.clock()
    with bench.store.write() as session:
        if outcome.again and attempts < bench.settings.max_attempts:
            wait = retry_wait(bench.settings, attempts)
            step = Step(claim.job.id, PENDING, now, note=outcome.error, worker=claim.worker)
            give_back(session, claim, step, now + timedelta(seconds=wait))
            return
        note = outcome.error or outcome.note
        step = Step(claim.job.id, outcome.state, now, note=note, worker=claim.worker)
        # who cancelled it has written a reason already, which stays
        said = {"error": outcome.error} | ({"reason": outcome.reason} if outcome.reason else {})
        end(session, claim, step, hold.watch.progress, **said)


def retry_wait(settings: Settings, attempts: int) -> float:
    """Seconds until the next attempt: doubled each time, capped, spread so that jobs do not keep step."""
    longest: float = min(settings.retry_cap, settings.retry_base * 2 ** (attempts - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreading, not secrecy
