"""What has its time: jobs that wait, keys, leases, hard limits; to the moment."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from ingestion_api.broker import Broker
from ingestion_api.jobs.lease import Progress, renew_lease
from ingestion_api.jobs.recovery import (
    LeaseTracker,
    RecoveryLimits,
    purge_idempotency_keys,
    recover_jobs,
    requeue_expired_leases,
    skip_expired_jobs,
    skip_if_expired,
)
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from ingestion_api.store.tables import IdempotencyKey
from tests.ingestion_api.conftest import MORNING
from tests.ingestion_api.jobs.example_jobs import LEASE, row, running_job, state_of, waiting_job

DAY, LIMIT = timedelta(days=1), timedelta(minutes=5)
SECOND, MOMENT = timedelta(seconds=1), timedelta(microseconds=1)
PATIENCE = RecoveryLimits(ttl=DAY, grace=timedelta(seconds=10), max_losses=2)


@pytest.mark.parametrize(("after", "state"), [(DAY, "pending"), (DAY + MOMENT, "skipped")])
def test_a_job_lives_a_whole_day(store: Store, after: timedelta, state: str) -> None:
    """One that runs is not skipped at all."""
    waits, runs = waiting_job(store), running_job(store, "horn").job.id
    skip_expired_jobs(store, PATIENCE, MORNING + after)
    assert [state_of(store, waits), state_of(store, runs)] == [state, "processing"]


@pytest.mark.parametrize(("after", "is_skipped"), [(DAY, False), (DAY + MOMENT, True)])
def test_a_worker_is_told_whether_it_skipped_the_job(
    store: Store, after: timedelta, is_skipped: bool
) -> None:
    """A second time there is nothing to skip."""
    job_id = waiting_job(store)
    assert skip_if_expired(store, job_id, DAY, MORNING + after) == is_skipped
    assert not skip_if_expired(store, job_id, DAY, MORNING + after)
    assert state_of(store, job_id) == ("skipped" if is_skipped else "pending")


@pytest.mark.parametrize(("after", "kept"), [(DAY, ["k-1", "k-2"]), (DAY + MOMENT, ["k-2"])])
def test_keys_are_forgotten_after_a_day(store: Store, after: timedelta, kept: list[str]) -> None:
    """They only serve clients that repeat themselves soon."""
    job_id = waiting_job(store)
    with store.write() as session:
        for key, created in (("k-1", MORNING), ("k-2", MORNING + SECOND)):
            session.add(IdempotencyKey(key=key, request="r", job_id=job_id, created_at=created))
    purge_idempotency_keys(store, PATIENCE, MORNING + after)
    with store.read() as session:
        assert sorted(session.scalars(select(IdempotencyKey.key))) == kept


def test_the_keys_are_looked_through_in_each_round(store: Store) -> None:
    """Also where there is no broker, and no job that waits."""
    job_id = running_job(store).job.id
    with store.write() as session:
        session.add(IdempotencyKey(key="k", request="r", job_id=job_id, created_at=MORNING))
    recover_jobs(
        store, Broker.at(Settings(broker_url=None)), PATIENCE, LeaseTracker(LEASE), MORNING + 2 * DAY
    )
    with store.read() as session:
        assert session.get(IdempotencyKey, "k") is None


@pytest.mark.parametrize("begin", [0.0, 1000.0, -1000.0])
def test_a_lease_expires_by_the_time_that_passed(store: Store, begin: float) -> None:
    """Whatever the elapsed seconds are counted from; one that is renewed begins anew."""
    seconds = [begin]
    leases = LeaseTracker(LEASE, lambda: seconds[-1])
    claim = running_job(store)
    for passed, expired in ((0, 0), (LEASE.total_seconds(), 0), (LEASE.total_seconds() + 0.5, 1)):
        seconds.append(begin + passed)
        assert len(leases.expired([row(store, claim.job.id)])) == expired
    renew_lease(store, claim, Progress(), MORNING + SECOND, LEASE)
    assert leases.expired([row(store, claim.job.id)]) == []
    # what is not running is forgotten
    assert leases.expired([]) == []
    seconds.append(begin + 100)
    assert leases.expired([row(store, claim.job.id)]) == []


@pytest.mark.parametrize(
    ("renewed", "state"), [(LIMIT - LEASE, "failed"), (LIMIT - LEASE - MOMENT, "pending")]
)
def test_only_a_job_that_was_heard_of_until_its_limit_was_killed_by_it(
    store: Store, renewed: timedelta, state: str
) -> None:
    """Its lease ends at the limit or later; either way it has lost a worker."""
    claim = running_job(store)
    renew_lease(store, claim, Progress(), MORNING + renewed, LEASE)
    seconds = [0.0]
    leases = LeaseTracker(LEASE, lambda: seconds[-1])
    for passed in (0.0, 16.0):
        seconds.append(passed)
        requeue_expired_leases(store, replace(PATIENCE, hard_limit=LIMIT), leases, MORNING + LIMIT)
    job = row(store, claim.job.id)
    assert (job.state, job.losses, job.claim, job.lease_until) == (state, 1, None, None)
