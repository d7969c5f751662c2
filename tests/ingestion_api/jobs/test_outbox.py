"""The thread beside the requests publishes at once, and survives what is away."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from ingestion_api.broker import Broker, message_ids
from ingestion_api.clock import SteadyClock
from ingestion_api.jobs.lease import release_job
from ingestion_api.jobs.outbox import JobTransports, OutboxRelay, publish_due_jobs
from ingestion_api.jobs.states import Transition
from ingestion_api.repository import UrlRules
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from ingestion_api.store.tables import Job
from tests.ingestion_api.conftest import MORNING, HandClock, service_behind
from tests.ingestion_api.jobs.example_jobs import row, running_job, state_of, waiting_job
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

MOMENT, WAIT = timedelta(microseconds=1), timedelta(minutes=5)
INGEST = "/api/v1/ingestion/ingest/https://git.example/keeper/"


def test_an_accepted_job_is_published_without_waiting_for_the_period(client: TestClient) -> None:
    """Which is ten minutes here."""
    job_id = client.post(INGEST + "lamp").json()["job_id"]
    assert eventually(lambda: service_behind(client).broker.waiting_job_ids() == {job_id})


def test_the_outbox_goes_on_after_a_broker_that_was_away(
    start: Callable[..., TestClient], own_redis_server: RedisServer
) -> None:
    """Redis dies with the messages; they are there again when it is."""
    client = start(broker_url=own_redis_server.url, outbox_period=0.05, publish_grace=0.1)
    clock = service_behind(client).clock
    job_id = client.post(INGEST + "lamp").json()["job_id"]
    eventually(lambda: service_behind(client).broker.waiting_job_ids() == {job_id})
    own_redis_server.kill()
    own_redis_server.start()
    clock.move(seconds=1)  # type: ignore[attr-defined]
    assert eventually(lambda: service_behind(client).broker.waiting_job_ids() == {job_id}, within=10.0)


def test_a_broker_that_is_away_is_told_once(
    start: Callable[..., TestClient], own_redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """However many rounds find it away."""
    client = start(broker_url=own_redis_server.url, outbox_period=0.01, publish_grace=0.1)
    service = service_behind(client)
    job_id = client.post(INGEST + "lamp").json()["job_id"]
    eventually(lambda: service.broker.waiting_job_ids() == {job_id})
    own_redis_server.kill()
    service.clock.move(seconds=1)  # type: ignore[attr-defined]
    eventually(lambda: told(caplog), within=10.0)
    own_redis_server.start()
    eventually(lambda: "outbox: it works again" in told(caplog), within=10.0)
    assert len(told(caplog)) == len(set(told(caplog)))


def broker_at(redis_server: RedisServer) -> Broker:
    """An empty broker."""
    redis_server.flush()
    return Broker.at(Settings(broker_url=redis_server.url))


def relay(store: Store, broker: Broker, **changes: object) -> OutboxRelay:
    """An outbox that runs when it is told to, in the early morning."""
    settings = Settings.model_validate({"outbox_period": 600.0, **changes})
    return OutboxRelay(JobTransports(store, broker, None, UrlRules()), settings, HandClock())


def message_names(redis_server: RedisServer) -> list[str]:
    """The ids of the messages that wait, in the order in which they are taken."""
    with redis_server.client() as keys:
        bodies = keys.lrange("ingestion", 0, -1)
    assert isinstance(bodies, list)
    return [json.loads(body)["headers"]["id"] for body in reversed(bodies)]


def test_one_round_publishes_more_jobs_than_one_batch_in_their_order(
    store: Store, redis_server: RedisServer
) -> None:
    """As after an outage of the broker; a batch is a hundred."""
    with store.write() as session:
        session.add_all([bare_job(f"lamp-{number}") for number in range(101)])
    relay(store, broker_at(redis_server)).run_once()
    assert message_names(redis_server) == [f"job-{number}-0" for number in range(1, 102)]


def bare_job(name: str) -> Job:
    """A job that waits, without a story."""
    return Job(
        kind="ingestion",
        repo_url=f"https://git.example/keeper/{name}",
        repository=f"https://git.example/keeper/{name}",
        parameters={},
        state="pending",
        dispatch="celery",
        actor="keeper",
        submitted_at=MORNING,
    )


def test_each_message_about_a_job_has_an_id_of_its_own(store: Store, redis_server: RedisServer) -> None:
    """They are counted from 0, and the job knows all of them."""
    broker, job_id = broker_at(redis_server), waiting_job(store)
    for number in range(3):
        publish_due_jobs(store, broker, MORNING)
        assert message_names(redis_server) == [f"job-{job_id}-{number}"]
        redis_server.flush()
        with store.write() as session:
            session.get_one(Job, job_id).published_at = None
    assert message_ids(row(store, job_id)) == [f"job-{job_id}-{number}" for number in range(3)]


@pytest.mark.parametrize(
    ("away", "published"),
    [(-MOMENT, 1), (timedelta(0), 1), (MOMENT, 0), (WAIT, 0), (WAIT + MOMENT, 1)],
)
def test_a_job_given_back_is_published_from_its_moment_on(
    store: Store, redis_server: RedisServer, away: timedelta, published: int
) -> None:
    """One that is further away than any wait was stored while a clock was wrong."""
    claim = running_job(store)
    with store.write() as session:
        assert release_job(session, claim, Transition(claim.job.id, "pending", MORNING), MORNING + away)
    assert publish_due_jobs(store, broker_at(redis_server), MORNING, WAIT) == published


def test_only_what_was_sent_counts_as_published(
    store: Store, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker goes away after the first of three."""
    broker = broker_at(redis_server)
    ids = [waiting_job(store, f"lamp-{number}") for number in range(3)]
    send = broker.publish

    def send_one(kind: str, job_id: int, message: str) -> None:
        if job_id != ids[0]:
            raise ConnectionError("the broker is away")
        send(kind, job_id, message)

    with monkeypatch.context() as broken:
        broken.setattr(broker, "publish", send_one)
        assert publish_due_jobs(store, broker, MORNING) == 1
    assert [row(store, job_id).published_at for job_id in ids] == [MORNING, None, None]
    assert [publish_due_jobs(store, broker, MORNING), broker.waiting_job_ids()] == [2, set(ids)]


def test_without_a_broker_jobs_stay_due(store: Store) -> None:
    """None is configured: nothing is published, and nothing fails."""
    job_id = waiting_job(store)
    broker = Broker.at(Settings(broker_url=None))
    assert publish_due_jobs(store, broker, MORNING) == 0
    relay(store, broker).run_once()
    job = row(store, job_id)
    assert (job.state, job.published_at, job.publications) == ("pending", None, 0)


def test_the_outbox_uses_the_limits_of_the_settings(store: Store, redis_server: RedisServer) -> None:
    """A job is skipped after the settings' life, and its message is missed after their grace."""
    old, lost = waiting_job(store, "horn", MORNING - timedelta(seconds=61)), waiting_job(store)
    broker = broker_at(redis_server)
    publish_due_jobs(store, broker, MORNING - timedelta(seconds=6))
    redis_server.flush()
    relay(store, broker, job_ttl=60.0, publish_grace=5.0).run_once()
    assert [state_of(store, old), state_of(store, lost)] == ["skipped", "pending"]
    assert message_names(redis_server) == [f"job-{lost}-1"]


def test_each_round_takes_the_time_of_the_database(store: Store, redis_server: RedisServer) -> None:
    """Which all services share."""
    wall = HandClock()
    steady = SteadyClock(wall, lambda: 0.0)
    store.now = lambda: MORNING + timedelta(seconds=30)  # type: ignore[method-assign]
    transports = JobTransports(store, broker_at(redis_server), None, UrlRules())
    OutboxRelay(transports, Settings(), steady).run_once()
    assert (wall(), steady()) == (MORNING, MORNING + timedelta(seconds=30))


def test_a_stopped_outbox_publishes_nothing_more(store: Store, redis_server: RedisServer) -> None:
    """It may be stopped before it was started, too."""
    broker = broker_at(redis_server)
    waiting_job(store)
    outbox = relay(store, broker)
    outbox.stop()
    outbox.run_once()
    assert broker.waiting_job_ids() == set()


def test_the_thread_ends_with_its_outbox(store: Store, redis_server: RedisServer) -> None:
    """At once, although its period is ten minutes."""
    before = set(threading.enumerate())
    outbox = relay(store, broker_at(redis_server))
    outbox.start()
    [thread] = set(threading.enumerate()) - before
    outbox.stop()
    assert (thread.name, thread.is_alive()) == ("outbox", False)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the outbox has told."""
    return [record.getMessage() for record in caplog.records if record.name == "ingestion_api.jobs.outbox"]
