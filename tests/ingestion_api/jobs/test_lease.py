"""A job belongs to the worker that claimed it, until it ends or its lease does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from ingestion_api.jobs.lease import Progress, claim_job, finish_job, release_job, renew_lease
from ingestion_api.jobs.states import Transition, record_event
from ingestion_api.store import Store
from ingestion_api.store.tables import Job
from tests.ingestion_api.conftest import MORNING
from tests.ingestion_api.jobs.example_jobs import LEASE, ended_job, row, running_job, state_of, waiting_job

LATER = MORNING + timedelta(seconds=10)


def test_of_many_workers_one_gets_the_job(store: Store) -> None:
    """Twenty hands reach for it together."""
    job_id = waiting_job(store)
    with ThreadPoolExecutor(max_workers=20) as hands:
        claims = list(hands.map(lambda n: claim_job(store, job_id, f"hand-{n}", MORNING, LEASE), range(20)))
    taken = [claim for claim in claims if claim is not None]
    assert len(taken) == 1
    assert row(store, job_id).worker == taken[0].worker


@pytest.mark.parametrize("state", ["complete", "failed", "cancelled"])
def test_an_ended_job_is_never_taken_again(store: Store, state: str) -> None:
    """A second message about it finds nothing to do."""
    assert claim_job(store, ended_job(store, state), "hands", LATER, LEASE) is None


def test_a_job_that_does_not_exist_is_not_taken(store: Store) -> None:
    """A message may come from another database's time."""
    assert claim_job(store, 99, "hands", MORNING, LEASE) is None


def test_renewing_writes_the_progress_and_prolongs_the_lease(store: Store) -> None:
    """Both in one step."""
    claim = running_job(store)
    renewed = renew_lease(store, claim, Progress(stage="reading", files_processed=7), LATER, LEASE)
    job = row(store, claim.job.id)
    assert (renewed.held, renewed.cancelled) == (True, False)
    assert (job.stage, job.files_processed, job.lease_until) == ("reading", 7, LATER + LEASE)


def test_a_worker_that_lost_its_claim_can_neither_renew_nor_end(store: Store) -> None:
    """What another worker does with the job stays as it is."""
    old = running_job(store)
    with store.write() as session:
        assert release_job(session, old, Transition(old.job.id, "pending", LATER, note="lost"), LATER)
    new = claim_job(store, old.job.id, "other hands", LATER, LEASE)
    assert new is not None
    assert not renew_lease(store, old, Progress(), LATER, LEASE).held
    with store.write() as session:
        assert not finish_job(session, old, Transition(old.job.id, "failed", LATER), Progress())
        assert finish_job(session, new, Transition(new.job.id, "complete", LATER), Progress())
    assert state_of(store, old.job.id) == "complete"


def test_the_database_itself_allows_one_ending(store: Store) -> None:
    """Even code that forgets to look cannot end a job twice."""
    job_id = ended_job(store, "complete")
    with pytest.raises(IntegrityError), store.write() as session:
        record_event(session, Transition(job_id, "failed", LATER))


def test_a_job_given_back_waits_for_its_time(store: Store) -> None:
    """And remembers why."""
    claim = running_job(store)
    with store.write() as session:
        step = Transition(claim.job.id, "pending", LATER, note="the host was not reached")
        assert release_job(session, claim, step, LATER + timedelta(minutes=1))
    job = row(store, claim.job.id)
    assert (job.state, job.claim, job.not_before) == ("pending", None, LATER + timedelta(minutes=1))
    assert job.error == "the host was not reached"


def test_a_claim_begins_an_attempt(store: Store) -> None:
    """The second one forgets the error of the first."""
    claim = running_job(store)
    with store.write() as session:
        step = Transition(claim.job.id, "pending", LATER, note="the host was not reached")
        assert release_job(session, claim, step, LATER)
    again = claim_job(store, claim.job.id, "other hands", LATER, LEASE)
    assert again is not None
    assert again.token != claim.token
    job = row(store, claim.job.id)
    assert (job.attempts, job.error, job.stage, job.worker) == (2, None, "starting", "other hands")
    assert (job.started_at, job.lease_until, job.claim) == (LATER, LATER + LEASE, again.token)


def test_a_claimed_job_is_released_to_the_queue_only(store: Store) -> None:
    """Its ending needs another call."""
    claim = running_job(store)
    with store.write() as session, pytest.raises(ValueError, match="leads to 'failed'; expected 'pending'"):
        release_job(session, claim, Transition(claim.job.id, "failed", LATER), LATER)
    assert state_of(store, claim.job.id) == "processing"


def test_a_released_job_has_no_lease_and_is_due(store: Store) -> None:
    """Its message has been taken, so it needs another one."""
    claim = running_job(store)
    with store.write() as session:
        session.get_one(Job, claim.job.id).published_at = MORNING
    with store.write() as session:
        assert release_job(session, claim, Transition(claim.job.id, "pending", LATER), LATER)
    job = row(store, claim.job.id)
    assert (job.lease_until, job.published_at) == (None, None)


def test_an_ended_job_keeps_its_numbers_and_frees_its_claim(store: Store) -> None:
    """What is not known of its progress stays as it was stored last."""
    claim = running_job(store)
    renew_lease(store, claim, Progress(stage="reading", files_total=9), LATER, LEASE)
    with store.write() as session:
        end = Transition(claim.job.id, "complete", LATER)
        assert finish_job(session, claim, end, Progress(files_processed=0), reason="2 left out")
        assert not finish_job(session, claim, end, Progress(files_processed=9))
    job = row(store, claim.job.id)
    assert (job.stage, job.files_total, job.files_processed, job.reason) == ("reading", 9, 0, "2 left out")
    assert (job.ended_at, job.claim, job.lease_until) == (LATER, None, None)
    assert not renew_lease(store, claim, Progress(), LATER, LEASE).held
