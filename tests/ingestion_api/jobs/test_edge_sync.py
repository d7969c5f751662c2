"""Jobs of the edge worker follow what its Redis says: taken, forgotten, ended, or silent for too long."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis

from ingestion_api.edge_queue import LAYOUTS, EdgeQueue
from ingestion_api.jobs.edge_sync import sync_edge_jobs
from ingestion_api.jobs.queries import job_events
from ingestion_api.jobs.recovery import RecoveryLimits
from ingestion_api.jobs.submit import IngestionRequest, SubmissionPolicy, accept_job
from ingestion_api.repository import UrlRules, check_url
from ingestion_api.store import Store
from ingestion_api.store.tables import Job
from tests.ingestion_api.conftest import KEEPER, MORNING
from tests.ingestion_api.jobs.example_jobs import row, state_of, waiting_job
from tests.servers.redis_server import RedisServer

TTL, GRACE = timedelta(hours=24), timedelta(seconds=10)
LIMITS = RecoveryLimits(ttl=TTL, grace=GRACE, max_losses=2)
MOMENT = timedelta(microseconds=1)
LATER = MORNING + timedelta(minutes=30)
LAMP, HORN = "git.example/keeper/lamp", "git.example/keeper/horn"


@dataclass(frozen=True)
class EdgeSide:
    """The edge worker's Redis, and the service's view of it."""

    store: Store
    keys: "redis.Redis"
    queue: EdgeQueue

    def accepted(self, name: str = "lamp") -> int:
        """The id of a new job that was pushed."""
        url = check_url(f"https://git.example/keeper/{name}", UrlRules())
        policy = SubmissionPolicy(
            10, "edge", lambda job: self.queue.push(str(job.repo_url), job.submitted_at)
        )
        return accept_job(self.store, IngestionRequest(url, KEEPER), policy, MORNING).job.id

    def take(self) -> None:
        """The worker takes the next entry."""
        self.keys.lpop("ingest_queue")

    def say(self, words: str) -> None:
        """The worker says what it does."""
        self.keys.set("worker_status", words)

    def end(self, **entry: Any) -> None:
        """The worker writes an ending down."""
        usual = {"repo_url": LAMP, "status": "complete", "timestamp": "2026-11-23T06:10:00"}
        self.keys.lpush("job_history", json.dumps(usual | entry))

    def sync(self, now: datetime = LATER) -> None:
        """The service looks."""
        sync_edge_jobs(self.store, self.queue, UrlRules(), LIMITS, now)

    def seen(self, job_id: int, now: datetime = LATER) -> Job:
        """The job after the service has looked."""
        self.sync(now)
        return row(self.store, job_id)

    def pushed(self) -> int:
        """How many entries wait."""
        return len(self.queue.waiting())


@pytest.fixture
def edge(store: Store, redis_server: RedisServer) -> Iterator[EdgeSide]:
    """An edge worker that has done nothing yet."""
    redis_server.flush()
    with redis.Redis.from_url(redis_server.database(5)) as keys:
        yield EdgeSide(store, keys, EdgeQueue(keys, LAYOUTS["neo"], 10, TTL.total_seconds()))


@pytest.mark.parametrize(
    ("words", "is_waiting", "state"),
    [
        ("Idle", True, "pending"),
        ("Idle", False, "pending"),
        ("Offline", True, "pending"),
        ("Offline", False, "processing"),
        (f"Training Graph on {LAMP}", True, "processing"),
        (f"Training Graph on {LAMP}", False, "processing"),
        (f"Training Graph on {HORN}", True, "pending"),
        (f"Training Graph on {HORN}", False, "processing"),
        (f"Will begin with {LAMP}", True, "pending"),
    ],
)
def test_a_job_runs_once_the_worker_names_it_or_has_it(
    edge: EdgeSide, words: str, is_waiting: bool, state: str
) -> None:
    """Only an idle worker that has no job in its queue has none."""
    job_id = edge.accepted()
    edge.say(words)
    if not is_waiting:
        edge.take()
    assert edge.seen(job_id, MORNING + GRACE).state == state


def test_a_taken_job_has_a_worker_a_start_and_an_attempt(edge: EdgeSide) -> None:
    """The moments are those of our looking."""
    job_id = edge.accepted()
    edge.take()
    job = edge.seen(job_id)
    assert (job.worker, job.started_at, job.attempts) == ("edge-worker", LATER, 1)
    with edge.store.read() as session:
        last = job_events(session, job_id)[-1]
    assert (last.state, last.at, last.worker) == ("processing", LATER, "edge-worker")


@pytest.mark.parametrize(("after", "pushed"), [(GRACE, 0), (GRACE + MOMENT, 1)])
def test_a_forgotten_job_is_pushed_again_after_its_grace(
    edge: EdgeSide, after: timedelta, pushed: int
) -> None:
    """Once, however often we look."""
    job_id = edge.accepted()
    edge.take()
    edge.say("Idle")
    edge.sync(MORNING + after)
    edge.sync(MORNING + after)
    assert (edge.pushed(), state_of(edge.store, job_id)) == (pushed, "pending")


def test_a_job_that_waits_or_has_ended_is_not_pushed_again(edge: EdgeSide) -> None:
    """Its worker is idle because it is done, or about to begin."""
    ended = edge.accepted()
    edge.take()
    edge.accepted("horn")
    edge.say("Idle")
    edge.end()
    assert edge.seen(ended).state == "complete"
    assert [entry["repo_url"] for entry in edge.queue.waiting()] == [f"https://{HORN}"]


def test_one_forgotten_job_keeps_no_other_from_its_ending(edge: EdgeSide) -> None:
    """Each job is looked at by itself."""
    lost, ended = edge.accepted(), edge.accepted("horn")
    edge.take()
    edge.take()
    edge.say("Idle")
    edge.end(repo_url=HORN)
    assert edge.seen(ended).state == "complete"
    assert (edge.pushed(), state_of(edge.store, lost)) == (1, "pending")


@pytest.mark.parametrize(("after", "state"), [(TTL, "processing"), (TTL + MOMENT, "failed")])
def test_a_silent_worker_has_a_day(edge: EdgeSide, after: timedelta, state: str) -> None:
    """Then its job has failed."""
    job_id = edge.accepted()
    edge.take()
    edge.sync()
    assert edge.seen(job_id, MORNING + after).state == state


@pytest.mark.parametrize(
    ("entry", "outcome"),
    [
        ({"files_processed": 128, "embeddings_generated": 12.0}, ("complete", 128, 12, None, None)),
        ({"files_processed": "many"}, ("complete", None, None, None, None)),
        ({"status": "failed", "error": "no memory"}, ("failed", None, None, "no memory", None)),
        ({"status": "failed", "error": 137}, ("failed", None, None, "137", None)),
        ({"status": "failed"}, ("failed", None, None, None, None)),
        ({"status": "skipped", "reason": "too large"}, ("skipped", None, None, None, "too large")),
        ({"status": "skipped"}, ("skipped", None, None, None, "skipped by the edge worker")),
        ({"status": "resting"}, ("processing", None, None, None, None)),
    ],
)
@pytest.mark.parametrize("was_seen_running", [True, False])
def test_an_ending_is_read_with_what_it_says(
    edge: EdgeSide, was_seen_running: bool, entry: dict[str, Any], outcome: tuple[object, ...]
) -> None:
    """Also of a job that nobody saw running; the start of one that was seen stays."""
    job_id = edge.accepted()
    edge.take()
    if was_seen_running:
        edge.sync(MORNING + GRACE)
    edge.end(**entry)
    job = edge.seen(job_id)
    assert (job.state, job.files_processed, job.embeddings_generated, job.error, job.reason) == outcome
    if job.state in ("complete", "failed"):
        began = MORNING + GRACE if was_seen_running else LATER
        assert (job.started_at, job.ended_at, job.worker) == (began, LATER, "edge-worker")


@pytest.mark.parametrize(
    ("timestamp", "state"),
    [
        ("2026-11-23T06:00:00", "complete"),
        ("2026-11-23T05:59:59.999999", "pending"),
        ("2026-11-23T07:00:00+01:00", "complete"),
        ("2026-11-23T06:30:00+01:00", "pending"),
        ("this morning", "pending"),
    ],
)
def test_an_ending_counts_from_the_moment_of_the_order(edge: EdgeSide, timestamp: str, state: str) -> None:
    """Without a zone it is in UTC; what ended before is of an earlier job."""
    job_id = edge.accepted()
    edge.end(timestamp=timestamp)
    assert edge.seen(job_id).state == state


def test_entries_without_an_address_of_ours_are_of_no_job(edge: EdgeSide) -> None:
    """As the backend may write them."""
    job_id = edge.accepted()
    for address in (None, "ftp://git.example/keeper/lamp", HORN):
        edge.end(repo_url=address)
        edge.keys.rpush("ingest_queue", json.dumps({"repo_url": address}))
    assert edge.seen(job_id).state == "pending"


def test_without_jobs_of_its_own_the_worker_is_not_asked(
    edge: EdgeSide, own_redis_server: RedisServer
) -> None:
    """Jobs of Celery go on while its Redis is away."""
    waiting_job(edge.store)
    own_redis_server.stop()
    with redis.Redis.from_url(own_redis_server.url) as gone:
        queue = EdgeQueue(gone, LAYOUTS["neo"], 10, TTL.total_seconds())
        sync_edge_jobs(edge.store, queue, UrlRules(), LIMITS, LATER)
        edge.accepted("horn")
        with pytest.raises(redis.RedisError):
            sync_edge_jobs(edge.store, queue, UrlRules(), LIMITS, LATER)
