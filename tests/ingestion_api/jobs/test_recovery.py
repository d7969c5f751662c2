"""Jobs that nobody works on any more are found: lost, forgotten, too old."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ingestion_api.broker import Broker
from ingestion_api.jobs.cancel import cancel_job
from ingestion_api.jobs.lease import Progress, claim_job, release_job, renew_lease
from ingestion_api.jobs.outbox import publish_due_jobs
from ingestion_api.jobs.queries import age_seconds
from ingestion_api.jobs.recovery import LeaseTracker, RecoveryLimits, mark_lost_unpublished, recover_jobs
from ingestion_api.jobs.states import Transition
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from ingestion_api.store.tables import Job
from tests.ingestion_api.conftest import KEEPER, MORNING
from tests.ingestion_api.jobs.example_jobs import LEASE, row, running_job, state_of, waiting_job
from tests.servers.redis_server import RedisServer

PATIENCE = RecoveryLimits(ttl=timedelta(hours=24), grace=timedelta(seconds=10), max_losses=2)
SECOND = timedelta(seconds=1)
SOON = MORNING + timedelta(seconds=11)
AFTER_LEASE = MORNING + LEASE + timedelta(seconds=1)
GRACE, MOMENT = PATIENCE.grace, timedelta(microseconds=1)
NEXT_DAY = MORNING + timedelta(hours=24, seconds=1)


class Relay:
    """Recovers again and again; `seconds` are its own, which no clock changes."""

    def __init__(self, store: Store, broker: Broker, patience: RecoveryLimits = PATIENCE) -> None:
        self.seconds = 0.0
        self._store = store
        self._broker = broker
        self._patience = patience
        self._leases = LeaseTracker(LEASE, lambda: self.seconds)

    def run_once(self, now: datetime, after: timedelta = timedelta(0)) -> None:
        """Recover once so much later, when the clock shows `now`."""
        self.seconds += after.total_seconds()
        recover_jobs(self._store, self._broker, self._patience, self._leases, now)


def broker_at(redis_server: RedisServer) -> Broker:
    """An empty broker."""
    redis_server.flush()
    return Broker.at(Settings(broker_url=redis_server.url))


def test_a_committed_job_is_published_once(store: Store, redis_server: RedisServer) -> None:
    """And not again while its message waits, however long that takes."""
    broker = broker_at(redis_server)
    job_id = waiting_job(store)
    assert [publish_due_jobs(store, broker, MORNING), publish_due_jobs(store, broker, MORNING)] == [1, 0]
    assert broker.waiting_job_ids() == {job_id}
    Relay(store, broker).run_once(SOON)
    assert publish_due_jobs(store, broker, SOON) == 0


def test_a_broker_that_forgot_gets_the_message_again(store: Store, redis_server: RedisServer) -> None:
    """As Redis does that keeps nothing on disk and is restarted."""
    broker = broker_at(redis_server)
    job_id = waiting_job(store)
    publish_due_jobs(store, broker, MORNING)
    redis_server.flush()
    Relay(store, broker).run_once(SOON)
    assert publish_due_jobs(store, broker, SOON) == 1
    assert broker.waiting_job_ids() == {job_id}


def test_a_broker_that_is_away_loses_nothing(store: Store, own_redis_server: RedisServer) -> None:
    """The job waits in SQL until the broker is back."""
    broker = broker_at(own_redis_server)
    job_id = waiting_job(store)
    own_redis_server.kill()
    assert publish_due_jobs(store, broker, MORNING) == 0
    own_redis_server.start()
    assert publish_due_jobs(store, broker, MORNING) == 1
    assert broker.waiting_job_ids() == {job_id}


def test_a_service_that_dies_before_it_has_sent_the_message_loses_nothing(
    store: Store, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job is marked already; the broker knows nothing of it, so it is sent after all."""
    broker = broker_at(redis_server)
    job_id = waiting_job(store)

    def die(*_arguments: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(broker, "publish", die)
        with pytest.raises(SystemExit):
            publish_due_jobs(store, broker, MORNING)
    assert publish_due_jobs(store, broker, MORNING) == 0
    Relay(store, broker).run_once(SOON)
    assert publish_due_jobs(store, broker, SOON) == 1
    assert broker.waiting_job_ids() == {job_id}


def test_a_job_whose_worker_fell_silent_waits_again(store: Store, redis_server: RedisServer) -> None:
    """Not before its lease has ended."""
    broker = broker_at(redis_server)
    claim = running_job(store)
    outbox = Relay(store, broker)
    outbox.run_once(MORNING)
    outbox.run_once(MORNING + LEASE, after=LEASE)
    assert state_of(store, claim.job.id) == "processing"
    outbox.run_once(AFTER_LEASE, after=SECOND)
    job = row(store, claim.job.id)
    assert (job.state, job.losses, job.published_at) == ("pending", 1, None)


def test_a_job_that_kills_its_workers_ends_as_failed(store: Store, redis_server: RedisServer) -> None:
    """After as many losses as are allowed."""
    broker = broker_at(redis_server)
    job_id, now = waiting_job(store), MORNING
    outbox = Relay(store, broker)
    for _ in range(3):
        assert claim_job(store, job_id, "hands", now, LEASE) is not None
        outbox.run_once(now)
        now += LEASE + SECOND
        outbox.run_once(now, after=LEASE + SECOND)
    job = row(store, job_id)
    assert (job.state, job.error) == ("failed", "its worker was lost 3 times")


def test_a_job_killed_at_its_hard_limit_is_not_tried_again(store: Store, redis_server: RedisServer) -> None:
    """It was heard of until then, so it would only take as long again."""
    broker = broker_at(redis_server)
    claim, limit = running_job(store), timedelta(seconds=60)
    renew_lease(store, claim, Progress(), MORNING + limit, LEASE)
    outbox = Relay(store, broker, replace(PATIENCE, hard_limit=limit))
    outbox.run_once(MORNING + limit)
    outbox.run_once(MORNING + limit + LEASE + SECOND, after=LEASE + SECOND)
    job = row(store, claim.job.id)
    assert (job.state, job.error) == ("failed", "was killed at its hard time limit of 60 s")


def test_a_lost_job_that_was_cancelled_ends_so(store: Store, redis_server: RedisServer) -> None:
    """Nobody is left to hear of the cancellation."""
    broker = broker_at(redis_server)
    claim = running_job(store)
    cancel_job(store, claim.job.id, KEEPER, MORNING)
    outbox = Relay(store, broker)
    outbox.run_once(MORNING)
    outbox.run_once(AFTER_LEASE, after=LEASE + SECOND)
    assert state_of(store, claim.job.id) == "cancelled"


def test_a_job_older_than_its_life_is_skipped(store: Store, redis_server: RedisServer) -> None:
    """With the contract's reason and its age."""
    broker = broker_at(redis_server)
    job_id = waiting_job(store)
    Relay(store, broker).run_once(NEXT_DAY)
    job = row(store, job_id)
    assert (job.state, job.reason, age_seconds(job)) == ("skipped", "Task exceeded TTL", 86_401.0)


@pytest.mark.parametrize(
    ("published", "is_lost"),
    [(-GRACE - MOMENT, True), (-GRACE, False), (GRACE, False), (GRACE + MOMENT, True)],
)
def test_a_message_is_missed_after_its_grace(
    store: Store, redis_server: RedisServer, published: timedelta, is_lost: bool
) -> None:
    """It may be on its way until then, whatever clock stored the moment."""
    broker, job_id = broker_at(redis_server), waiting_job(store)
    publish_due_jobs(store, broker, MORNING + published)
    redis_server.flush()
    mark_lost_unpublished(store, broker, PATIENCE, MORNING)
    assert (row(store, job_id).published_at is None) == is_lost


def test_only_the_messages_that_are_missing_are_sent_again(store: Store, redis_server: RedisServer) -> None:
    """Not that of a job that waits for its worker, nor of one that a worker has, nor of the edge worker."""
    broker = broker_at(redis_server)
    lost = waiting_job(store)
    publish_due_jobs(store, broker, MORNING)
    redis_server.flush()
    queued, taken, edge = (
        waiting_job(store, "horn"),
        running_job(store, "mist").job.id,
        waiting_job(store, "fog"),
    )
    publish_due_jobs(store, broker, MORNING)
    with store.write() as session:
        session.get_one(Job, taken).published_at = MORNING
        session.get_one(Job, edge).dispatch = "edge"
    mark_lost_unpublished(store, broker, PATIENCE, SOON)
    published = {job_id: row(store, job_id).published_at for job_id in (lost, queued, taken, edge)}
    assert published == {lost: None, queued: MORNING, taken: MORNING, edge: MORNING}


@pytest.mark.parametrize("off", [-48, -1, 1, 25], ids="{:+d} h".format)
def test_a_worker_whose_clock_is_wrong_keeps_what_it_renews(
    store: Store, redis_server: RedisServer, off: int
) -> None:
    """And loses it like any other once it is silent."""
    outbox = Relay(store, broker_at(redis_server))
    theirs = MORNING + timedelta(hours=off)
    claim = claim_job(store, waiting_job(store), "hands", theirs, LEASE)
    assert claim is not None
    for passed in range(10):
        renew_lease(store, claim, Progress(), theirs + passed * LEASE / 2, LEASE)
        outbox.run_once(MORNING + passed * LEASE / 2, after=LEASE / 2)
    assert state_of(store, claim.job.id) == "processing"
    outbox.run_once(MORNING, after=LEASE + SECOND)
    assert state_of(store, claim.job.id) == "pending"


def test_a_message_that_was_sent_in_the_future_is_missed_as_well(
    store: Store, redis_server: RedisServer
) -> None:
    """As the clock showed it before it was set back, when the service was started anew."""
    broker = broker_at(redis_server)
    job_id = waiting_job(store)
    publish_due_jobs(store, broker, NEXT_DAY)
    redis_server.flush()
    Relay(store, broker).run_once(MORNING)
    assert publish_due_jobs(store, broker, MORNING) == 1
    assert broker.waiting_job_ids() == {job_id}


def test_no_attempt_waits_longer_than_any_may(store: Store, redis_server: RedisServer) -> None:
    """A moment that is further away was written by a clock that was ahead."""
    claim = running_job(store)
    with store.write() as session:
        release_job(session, claim, Transition(claim.job.id, "pending", MORNING), NEXT_DAY)
    broker = broker_at(redis_server)
    assert publish_due_jobs(store, broker, MORNING, timedelta(days=2)) == 0
    assert publish_due_jobs(store, broker, MORNING, timedelta(minutes=5)) == 1
