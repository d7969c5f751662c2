"""However the work goes, its job ends in order, or is left to whoever has it now."""

from collections.abc import Callable, Iterator

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import OperationalError

from ingestion_api.celery_worker.context import WorkerContext, make_context
from ingestion_api.celery_worker.tasks import retry_delay, run_job
from ingestion_api.jobs.lease import ClaimedJob, JobControl, claim_job, release_job
from ingestion_api.jobs.states import Transition
from ingestion_api.settings import Settings
from ingestion_api.store.migrate import migrate
from ingestion_api.store.tables import Job
from tests.ingestion_api.conftest import MORNING
from tests.ingestion_api.jobs.example_jobs import LEASE, row, waiting_job
from tests.servers.waiting import eventually


@pytest.fixture
def context(settings: Callable[..., Settings]) -> Iterator[WorkerContext]:
    """A worker's bench, with a short lease."""
    context = make_context(settings(lease=0.4, max_attempts=2))
    migrate(context.store.engine)
    yield context
    context.close()


def after(context: WorkerContext, *failures: Exception | None) -> Job:
    """The job after as many attempts, each of which fails so or goes well."""
    job_id = waiting_job(context.store, at=context.clock())
    for failure in failures:

        def work(
            _context: WorkerContext,
            _claim: ClaimedJob,
            _control: JobControl,
            failure: Exception | None = failure,
        ) -> None:
            if failure is not None:
                raise failure

        run_job(context, job_id, "hands", work)
    return row(context.store, job_id)


def test_work_that_goes_well_ends_complete(context: WorkerContext) -> None:
    """And a second message about it does nothing."""
    job = after(context, None, RuntimeError("never seen"))
    assert (job.state, job.error, job.attempts) == ("complete", None, 1)


def test_a_job_older_than_its_life_is_skipped_by_the_worker_too(context: WorkerContext) -> None:
    """Its message may have waited while the service was away."""
    job_id = waiting_job(context.store, at=MORNING.replace(year=2020))
    run_job(context, job_id, "hands", never)
    job = row(context.store, job_id)
    assert (job.state, job.reason, job.attempts) == ("skipped", "Task exceeded TTL", 0)


def never(_context: WorkerContext, _claim: ClaimedJob, _control: JobControl) -> None:
    """Work that must not be begun."""
    raise AssertionError("the work was begun")


def test_an_unexpected_error_is_tried_again_then_named_by_its_kind(context: WorkerContext) -> None:
    """Its text may hold a secret, so it is only in the log."""
    first = after(context, RuntimeError("password"))
    assert (first.state, first.published_at) == ("pending", None)
    assert first.not_before is not None
    job = after(context, RuntimeError("password"))
    assert job.state == "failed"
    assert job.error == "failed unexpectedly (RuntimeError); the worker's log says why"


def test_a_database_that_was_away_is_tried_again(context: WorkerContext) -> None:
    """The second attempt goes well."""
    job = after(context, OperationalError("select", {}, Exception()), None)
    assert (job.state, job.error, job.attempts) == ("complete", None, 2)


def test_the_soft_limit_fails_the_job(context: WorkerContext) -> None:
    """It would only take as long again."""
    job = after(context, SoftTimeLimitExceeded())
    assert (job.state, job.error) == ("failed", "took longer than its time limit of 1800 s")


def test_work_that_lost_its_claim_stops_and_writes_nothing(context: WorkerContext) -> None:
    """Another worker has the job by then."""
    job_id = waiting_job(context.store, at=context.clock())

    def lose(losing: WorkerContext, claim: ClaimedJob, control: JobControl) -> None:
        with losing.store.write() as session:
            release_job(session, claim, Transition(job_id, "pending", MORNING), MORNING)
        assert claim_job(losing.store, job_id, "other hands", MORNING, LEASE)
        eventually(control.checkpoint, within=5.0)

    run_job(context, job_id, "hands", lose)
    job = row(context.store, job_id)
    assert (job.state, job.worker) == ("processing", "other hands")


def test_a_lease_is_renewed_while_the_work_goes_on(context: WorkerContext) -> None:
    """So nobody takes a long job for a lost one."""
    job_id = waiting_job(context.store, at=context.clock())

    def last(working: WorkerContext, claim: ClaimedJob, control: JobControl) -> None:
        first = claim.job.lease_until
        control.progress.stage = "reading"

        def renewed() -> bool:
            job = row(working.store, job_id)
            return job.stage == "reading" and job.lease_until != first

        eventually(renewed)

    run_job(context, job_id, "hands", last)
    assert row(context.store, job_id).state == "complete"


def test_waits_double_up_to_a_cap_and_are_spread() -> None:
    """Between half and all of 5, 10, 20 ... 60 s."""
    settings = Settings(retry_base=5.0, retry_cap=60.0)
    for attempts, longest in ((1, 5.0), (2, 10.0), (3, 20.0), (10, 60.0)):
        waits = {retry_delay(settings, attempts) for _ in range(50)}
        assert longest / 2 <= min(waits) < max(waits) <= longest
