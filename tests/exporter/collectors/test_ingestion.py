"""The ingestion queue on a real Redis, in both layouts of its keys, and through the backend's routes."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests.exporter.backend_double import BackendDouble
from tests.exporter.exporter_page import Page, watching
from tests.servers.fixtures import StartCeleryWorker
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

Client = redis.Redis
FIRST_KEYS = ("ingest_queue", "worker_status", "job_history")
SECOND_KEYS = (
    "pharos:tasks", "pharos_extraction_jobs", "pharos:dlq", "pharos:jobs", "pharos:history",
    "pharos:worker:last_seen", "pharos:worker:meta",
)  # fmt: skip


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[Client]:
    """A connection to an empty ingestion queue."""
    redis_server.flush()
    with redis_server.client() as connection:
        yield connection


def page_of(server: RedisServer, *names: str, **settings: Any) -> Page:
    """One scrape of the ingestion queue on this server."""
    with watching(ingestion={"url": server.url, **settings}) as exporter:
        return exporter.page(*(names or ("ingestion.queues", "ingestion.worker", "ingestion.jobs")))


def finished(state: str, **more: Any) -> str:
    """An entry of the history."""
    return json.dumps(
        {"repo_url": "forge.example/a/b", "status": state, "timestamp": "2030-01-02T03:04:05.5", **more}
    )


def test_the_first_layout_is_read(redis_server: RedisServer, client: Client) -> None:
    for second in ("10", "30", "20"):
        client.rpush("ingest_queue", json.dumps({"submitted_at": f"2030-01-01T00:00:{second}", "ttl": 60}))
    client.set("worker_status", "Training Graph on forge.example/a/b")
    page = page_of(redis_server)
    assert page.value("ops_ingestion_queue_length", queue="ingest_queue") == 3
    assert page.value("ops_ingestion_queue_capacity", queue="ingest_queue") == 10
    oldest = page.value("ops_ingestion_queue_oldest_timestamp_seconds", queue="ingest_queue")
    assert oldest == 1893456010
    assert page.state("ops_ingestion_worker_reported_state", "state") == "training"
    assert page.series("ops_ingestion_dead_letters") == []


def test_the_second_layout_is_read(redis_server: RedisServer, client: Client) -> None:
    client.rpush("pharos:tasks", *(json.dumps({"queued_at": 1893456000 + n}) for n in range(4)))
    client.rpush("pharos_extraction_jobs", "x")
    client.rpush("pharos:dlq", "a", "b")
    client.hset("pharos:jobs", mapping={"1": '{"status": "PENDING"}', "2": '{"state": "failed"}', "3": "?"})
    client.set("pharos:worker:last_seen", time.time())
    client.set(
        "pharos:worker:meta", json.dumps({"version": "3", "embedding_model": "m", "queue_drained_count": 7})
    )
    page = page_of(redis_server)
    assert page.value("ops_ingestion_queue_length", queue="pharos:tasks") == 4
    assert page.value("ops_ingestion_queue_oldest_timestamp_seconds", queue="pharos:tasks") == 1893456000
    assert page.value("ops_ingestion_queue_length", queue="pharos_extraction_jobs") == 1
    assert page.series("ops_ingestion_queue_capacity", queue="pharos_extraction_jobs") == []
    assert page.value("ops_ingestion_queue_length", queue="ingest_queue") == 0
    assert page.value("ops_ingestion_dead_letters") == 2
    assert page.value("ops_ingestion_tracked_jobs", state="queued") == 1
    assert page.value("ops_ingestion_tracked_jobs", state="other") == 1
    assert page.value("ops_ingestion_tracked_jobs", state="running") == 0
    assert page.value("ops_ingestion_worker_up", worker="edge") == 1
    assert page.value("ops_ingestion_worker_drained_total", worker="edge") == 7
    assert page.value("ops_ingestion_worker_info", version="3", embedding_model="m") == 1


def test_a_worker_without_a_heartbeat_is_unknown_however_idle_it_says_it_is(
    redis_server: RedisServer, client: Client
) -> None:
    client.set("worker_status", "Idle")
    page = page_of(redis_server)
    assert page.state("ops_ingestion_worker_reported_state", "state") == "idle"
    assert page.state("ops_ingestion_worker_status") == "unknown"
    assert page.series("ops_ingestion_worker_up") == []


@pytest.mark.parametrize(
    ("age", "says", "status"),
    [
        (10, "Idle", "healthy"),
        (10, "Error: no memory", "degraded"),
        (301, "Idle", "down"),
        (-30, "Idle", "healthy"),  # its clock is ahead of ours
    ],
)
def test_the_heartbeat_decides_not_the_note(
    redis_server: RedisServer, client: Client, age: float, says: str, status: str
) -> None:
    client.set("worker_status", says)
    client.set("pharos:worker:last_seen", time.time() - age)
    page = page_of(redis_server)
    assert page.state("ops_ingestion_worker_status") == status


def test_a_worker_whose_heartbeat_expired_stays_down(redis_server: RedisServer, client: Client) -> None:
    client.set("pharos:worker:last_seen", time.time() - 400)
    with watching(ingestion={"url": redis_server.url, "fast_period": 0.01}) as exporter:
        assert exporter.page("ingestion.worker").value("ops_ingestion_worker_up") == 0
        client.delete("pharos:worker:last_seen")
        eventually(lambda: client.exists("pharos:worker:last_seen") == 0)
        page = exporter.page("ingestion.worker")
    assert page.value("ops_ingestion_worker_up") == 0
    assert page.state("ops_ingestion_worker_status") == "down"


def test_only_jobs_that_end_while_we_look_are_counted(redis_server: RedisServer, client: Client) -> None:
    client.lpush(
        "job_history", finished("complete", duration_seconds=100, files_processed=9), finished("failed")
    )
    with watching(ingestion={"url": redis_server.url, "period": 0.05}) as exporter:
        page = exporter.page("ingestion.history")
        assert page.value("ops_ingestion_history_jobs", state="complete") == 1
        assert page.value("ops_ingestion_jobs_total", state="complete") == 0
        assert page.value("ops_ingestion_history_duration_seconds", quantile="0.95") == 100
        client.lpush("job_history", finished("complete", duration_seconds=20, files_processed=5, n=1))
        client.lpush("job_history", finished("skipped", reason="too old", embeddings_generated=3))
        client.ltrim("job_history", 0, 2)
        page = eventually(lambda: counted(exporter.page("ingestion.history")))
    assert page.value("ops_ingestion_jobs_total", state="complete") == 1
    assert page.value("ops_ingestion_files_processed_total") == 5
    assert page.value("ops_ingestion_embeddings_generated_total") == 3
    assert page.value("ops_ingestion_job_duration_seconds_sum") == 20
    assert page.value("ops_ingestion_job_duration_seconds_bucket", le="15.0") == 0
    assert page.value("ops_ingestion_job_duration_seconds_bucket", le="30.0") == 1
    assert page.value("ops_ingestion_history_jobs", state="complete") == 1
    assert page.value("ops_ingestion_last_job_timestamp_seconds", state="skipped") == 1893553445.5


def counted(page: Page) -> Page:
    """The page, once the job that came last is in it."""
    assert page.value("ops_ingestion_jobs_total", state="skipped") == 1
    return page


def test_a_wrong_type_at_every_key_costs_only_what_it_held(redis_server: RedisServer, client: Client) -> None:
    for key in (
        "ingest_queue",
        "pharos:tasks",
        "pharos:dlq",
        "pharos_extraction_jobs",
        "job_history",
        "pharos:jobs",
    ):
        client.set(key, "a text where something else is expected")
    for key in ("worker_status", "pharos:worker:last_seen"):
        client.rpush(key, "a list")
    client.set("pharos:worker:meta", "[1, 2]")
    client.rpush(
        "pharos:history", "no JSON", "[]", finished("complete", duration_seconds="NaN"), '{"status": 5}'
    )
    page = page_of(redis_server, "ingestion")
    assert page.series("ops_ingestion_queue_length") == []
    assert page.series("ops_ingestion_tracked_jobs") == []
    assert page.state("ops_ingestion_worker_status") == "unknown"
    assert page.value("ops_ingestion_history_jobs", state="other") == 3
    assert page.value("ops_ingestion_redis_up") == 1


def test_huge_values_are_left_alone(redis_server: RedisServer, client: Client) -> None:
    client.set("worker_status", "Idle" + "x" * 6_000_000)
    client.lpush("job_history", "x" * 6_000_000)
    client.hset("pharos:jobs", mapping={str(n): '{"status": "done"}' for n in range(2001)})
    page = page_of(redis_server, "ingestion")
    assert page.state("ops_ingestion_worker_reported_state", "state") == "idle"
    assert page.value("ops_ingestion_history_jobs", state="other") == 0
    assert page.series("ops_ingestion_tracked_jobs") == []
    assert len(page.text) < 20_000


def test_an_empty_server_that_was_named_has_an_empty_queue(redis_server: RedisServer, client: Client) -> None:
    page = page_of(redis_server)
    assert page.series("ops_ingestion_queue_length") == [({"queue": "ingest_queue"}, 0)]


def test_a_broker_that_never_held_the_queue_says_nothing_of_it(
    redis_server: RedisServer, client: Client, backend: BackendDouble
) -> None:
    backend.says("/api/v1/ingestion/worker/status", {"status": "Error: full"})
    with watching(backend={"url": backend.url}, celery={"broker_url": redis_server.url}) as exporter:
        page = exporter.page("ingestion.queues", "ingestion.worker")
    assert page.series("ops_ingestion_queue_length") == []
    assert page.state("ops_ingestion_worker_reported_state", "state") == "error"


def test_without_redis_the_routes_of_the_first_backend_are_read(backend: BackendDouble) -> None:
    backend.says("/api/v1/ingestion/worker/status", {"status": "Idle"})
    backend.says(
        "/api/v1/ingestion/jobs/history",
        {"jobs": [json.loads(finished("failed")), None, {"status": "complete"}]},
    )
    backend.says(
        "/api/v1/ingestion/health", [{"status": "unhealthy", "services": {"redis": "unhealthy: no"}}, 503]
    )
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page("ingestion")
    assert page.state("ops_ingestion_worker_status") == "unknown"
    assert page.value("ops_ingestion_history_jobs", state="failed") == 1
    assert page.value("ops_ingestion_history_jobs", state="complete") == 1
    assert page.state("ops_ingestion_reported_health", service="ingestion") == "down"
    assert page.state("ops_ingestion_reported_health", service="redis") == "down"
    assert page.value("ops_collector_success", collector="ingestion") == 1
    assert page.series("ops_ingestion_redis_up") == []


def test_without_redis_the_heartbeat_route_of_the_second_backend_is_read(backend: BackendDouble) -> None:
    backend.says("/api/v1/ingestion/worker/status", {"status": "Offline"})
    backend.says(
        "/api/v1/ingestion/health/worker",
        {"state": "online", "last_seen_unix": time.time() - 900, "worker_meta": {"version": "9"}},
    )
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page("ingestion.worker")
    assert page.state("ops_ingestion_worker_status") == "down"
    assert page.value("ops_ingestion_worker_info", version="9") == 1


def test_health_is_read_from_the_body_in_both_shapes(backend: BackendDouble) -> None:
    services = {"redis": "healthy", "database": "healthy", "qdrant": "not configured"}
    backend.says("/api/v1/ingestion/health", {"status": "healthy", "services": services}, status=503)
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page("ingestion.health")
    assert page.state("ops_ingestion_reported_health", service="ingestion") == "healthy"
    assert page.series("ops_ingestion_reported_health", service="qdrant") == []


@pytest.mark.parametrize("body", ["<html>", "[]", "[1, 2]", "null", '{"status": ', "NaN"])
def test_a_health_answer_of_no_known_shape_fails_alone(backend: BackendDouble, body: str) -> None:
    backend.says("/api/v1/ingestion/health", body)
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page("ingestion.health")
    assert page.series("ops_ingestion_reported_health") == []
    assert page.value("ops_collector_success", collector="ingestion.health") == 0


def test_a_frozen_server_is_down_in_time_and_heals_when_thawed(own_redis_server: RedisServer) -> None:
    settings = {"url": own_redis_server.url, "timeout": 0.3, "fast_period": 0.01}
    with watching(ingestion=settings) as exporter:
        assert exporter.page("ingestion.ping").value("ops_ingestion_redis_up") == 1
        own_redis_server.freeze()
        eventually(lambda: exporter.page("ingestion.ping").value("ops_ingestion_redis_up") == 0)
        page = exporter.page("ingestion.ping", "ingestion.queues", "ingestion.worker")
        assert page.series("ops_ingestion_queue_length") == []
        assert page.seconds < 1
        own_redis_server.thaw()
        eventually(lambda: exporter.page("ingestion.queues").value("ops_ingestion_queue_length") == 0, 8)


def test_the_cloud_worker_is_the_celery_worker_that_takes_from_its_queue(
    redis_server: RedisServer, client: Client, celery_worker: StartCeleryWorker
) -> None:
    settings = {"broker_url": redis_server.url, "inspect_period": 0.2, "worker_timeout": 3}
    with watching(celery=settings) as exporter:
        down = eventually(lambda: up_of(exporter.page("ingestion.cloud"), 0), within=15)
        assert down.state("ops_ingestion_worker_status", worker="cloud") == "down"
        celery_worker(
            "tests.servers.small_app", {"CELERY_BROKER_URL": redis_server.url}, "-Q", "repo_ingestion", "-E"
        )
        up = eventually(lambda: up_of(exporter.page("ingestion.cloud"), 1), within=15)
    assert up.state("ops_ingestion_worker_status", worker="cloud") == "healthy"


def up_of(page: Page, wanted: float) -> Page:
    """The page, once the cloud worker is as wanted."""
    assert page.value("ops_ingestion_worker_up", worker="cloud") == wanted
    return page
