"""The truth table against real servers: a double speaks, Redis and a worker are real."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection

from tests.exporter import tasks_app
from tests.exporter.backend_double import BackendDouble
from tests.exporter.backend_tables import RESOURCES, create, insert, sqlite_url
from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.replay import replay
from tests.exporter.worker_events import hearing
from tests.servers.celery_worker import CeleryWorker
from tests.servers.fixtures import started
from tests.servers.processes import signal_all, tree
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

ORDINARY = Path(__file__).parents[2] / "answers" / "ordinary"
APP = "tests.exporter.tasks_app"


def words(page: Page, subject: str) -> tuple[str, str, float] | None:
    """What is reported and observed of a subject, and whether that disagrees."""
    found = page.series("ops_self_report_disagrees", subject=subject)
    assert len(found) < 2, found
    return (found[0][0]["reported"], found[0][0]["observed"], found[0][1]) if found else None


def comes_to(exporter: Watched, subject: str, wanted: tuple[str, str, float]) -> Page:
    """The first page on which the subject stands so."""

    def found() -> Page:
        page = exporter.page("self_reports")
        assert words(page, subject) == wanted, words(page, subject)
        return page

    return eventually(found, within=15)


@pytest.fixture
def says(backend: BackendDouble) -> dict[str, Any]:
    """A backend that reports as if nothing were wrong."""
    replay(backend, ORDINARY)
    return {"url": backend.url, "blocking_period": 0.5, "period": 0.5}


def component(page: Page, name: str) -> tuple[str | None, str | None]:
    """What is reported of a component, and its status."""
    reported, status = "ops_component_reported_status", "ops_component_status"
    return page.state(reported, component=name), page.state(status, component=name)


def test_row_1_a_database_that_refuses_is_not_healthy(
    says: dict[str, Any], free_port: Callable[[], int]
) -> None:
    stopped = f"postgresql+psycopg://nobody:secret@127.0.0.1:{free_port()}/none"
    with watching(backend=says, database={"url": stopped}) as exporter:
        comes_to(exporter, "database", ("healthy", "down", 1))
        comes_to(exporter, "database in /health", ("healthy", "down", 1))
        # the report and its comparison may be of two requests
        eventually(lambda: component(exporter.page("self_reports"), "database") == ("healthy", "down"))


def test_row_1_a_database_that_answers_agrees(says: dict[str, Any], tmp_path: Path) -> None:
    with watching(backend=says, database={"url": create(sqlite_url(tmp_path))}) as exporter:
        page = comes_to(exporter, "database", ("healthy", "healthy", 0))
    assert page.state("ops_component_status", component="database") == "healthy"


def test_row_9_and_15_redis_is_asked_and_not_the_reports(
    says: dict[str, Any], backend: BackendDouble, own_redis_server: RedisServer
) -> None:
    with watching(backend=says, redis={"url": own_redis_server.url}) as exporter:
        comes_to(exporter, "cache", ("healthy", "healthy", 0))
        own_redis_server.stop()
        comes_to(exporter, "cache", ("healthy", "down", 1))
        page = comes_to(exporter, "redis", ("healthy", "down", 1))
        assert page.state("ops_component_status", component="cache") == "down"
        own_redis_server.start()
        denied = json.loads((ORDINARY / "health.json").read_text())
        denied["components"]["redis"] = {"status": "unhealthy", "message": "said"}
        backend.monitoring("/health", denied)
        page = comes_to(exporter, "redis", ("down", "healthy", 1))
        assert page.state("ops_component_status", component="redis") == "healthy"


def test_row_11_and_13_the_edge_worker_by_its_heartbeat(
    says: dict[str, Any], backend: BackendDouble, redis_server: RedisServer
) -> None:
    redis_server.flush()
    backend.says("/api/v1/ingestion/worker/status", {"status": "Idle"})
    backend.says("/api/v1/ingestion/health", [{"status": "unhealthy", "services": {}}, 503])
    with (
        redis_server.client() as redis,
        watching(backend=says, ingestion={"url": redis_server.url, "period": 0.2}) as exporter,
    ):
        redis.set("worker_status", "Idle")
        page = comes_to(exporter, "ingestion HTTP status", ("healthy", "down", 1))
        assert words(page, "edge worker") is None
        redis.set("pharos:worker:last_seen", str(time.time() - 5))
        comes_to(exporter, "edge worker", ("healthy", "healthy", 0))
        for word, status in (("Error: no such repository", "degraded"), ("Offline", "down")):
            redis.set("worker_status", word)
            backend.says("/api/v1/ingestion/worker/status", {"status": word})
            comes_to(exporter, "edge worker", (status, status, 0))
        redis.set("worker_status", "Idle")
        backend.says("/api/v1/ingestion/worker/status", {"status": "Idle"})
        redis.set("pharos:worker:last_seen", str(time.time() - 900))
        page = comes_to(exporter, "edge worker", ("healthy", "down", 1))
        assert page.state("ops_component_status", component="ingestion") == "down"


def test_row_12_vectors_that_the_named_model_cannot_have_made(says: dict[str, Any], tmp_path: Path) -> None:
    url = create(sqlite_url(tmp_path))
    salted = json.dumps({str(2**60 + n): 1.0 + n for n in range(8)})
    insert(url, RESOURCES, [{"sparse_embedding": salted, "sparse_embedding_model": "BAAI/bge-m3"}])
    with watching(backend=says, database={"url": url, "rows_period": 0.3}) as exporter:
        page = comes_to(exporter, "sparse embeddings BAAI/bge-m3", ("healthy", "degraded", 1))
    assert page.state("ops_component_status", component="sparse_embeddings") == "degraded"


@pytest.fixture(scope="module")
def worker(broker: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CeleryWorker]:
    """A worker that takes from `urgent`, not from `celery`."""
    flags = ("-Q", "urgent", "--heartbeat-interval", "1")
    env = {"CELERY_BROKER_URL": broker.url}
    with started(CeleryWorker(tmp_path_factory.mktemp("worker"), APP, env, *flags, name="row")) as it:
        yield it


def send(url: str, task: Any, count: int, **how: Any) -> None:
    """Send a task so often."""
    with Connection(url) as connection:
        for number in range(count):
            task.apply_async((number,), connection=connection, **how)


def test_rows_3_to_6_the_workers_by_what_they_do(
    says: dict[str, Any], broker: RedisServer, worker: CeleryWorker
) -> None:
    celery = {
        "broker_url": broker.url, "results_url": broker.url, "worker_timeout": 6.0, "inspect_period": 1.0,
        "results_period": 1.0, "stuck_after": 1.5,
    }  # fmt: skip
    children = tree(worker.pid)[1:]
    with watching(backend=says, celery=celery) as exporter:
        hearing(exporter)
        send(broker.url, tasks_app.double, 6, queue="urgent")
        comes_to(exporter, "tasks", ("healthy", "healthy", 0))
        comes_to(exporter, "workers", ("healthy", "healthy", 0))
        send(broker.url, tasks_app.divide, 20, queue="urgent")
        page = comes_to(exporter, "tasks", ("healthy", "down", 1))
        assert page.state("ops_component_status", component="workers") == "down"
        eventually(lambda: exporter.page("workers").value("ops_queue_unacked_messages") == 0, within=15)
        send(broker.url, tasks_app.double, 2)
        comes_to(exporter, "consumers of celery", ("consumed", "unconsumed", 1))
        signal_all(children, signal.SIGSTOP)
        try:
            send(broker.url, tasks_app.double, 12, queue="urgent", priority=9)
            page = comes_to(exporter, "queue urgent", ("empty", "waiting", 1))
            assert words(page, "consumers of urgent") == ("consumed", "consumed", 0)
            eventually(lambda: frozen(exporter), within=10)
        finally:
            signal_all(children, signal.SIGCONT)


def frozen(exporter: Watched) -> bool:
    """Whether the workers, who are reported to be healthy, are seen not to be."""
    found = words(exporter.page("self_reports"), "workers")
    return found is not None and found[0] == "healthy" and found[1] != "healthy" and found[2] == 1
