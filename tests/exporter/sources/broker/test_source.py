"""A real Celery worker, watched: alive, working, frozen, killed, forgotten."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection

from tests.exporter import tasks_app
from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.worker_events import hearing
from tests.servers.celery_worker import CeleryWorker
from tests.servers.fixtures import started
from tests.servers.processes import signal_all, tree
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

APP = "tests.exporter.tasks_app"
QUICK = {
    "newborn": 0,
    "stalled_after": 2.0,
    "worker_timeout": 3.0,
    "worker_forgotten": 6.0,
    "inspect_period": 2.0,
    "results_period": 1.0,
}


@pytest.fixture(scope="module")
def worker(broker: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CeleryWorker]:
    """A worker that takes from `urgent` and `default`, not from `celery`; a start takes seconds."""
    flags = ("-Q", "urgent,default", "--heartbeat-interval", "1")
    env = {"CELERY_BROKER_URL": broker.url}
    with started(CeleryWorker(tmp_path_factory.mktemp("worker"), APP, env, *flags, name="one")) as it:
        yield it


@pytest.fixture
def exporter(worker: CeleryWorker, broker: RedisServer) -> Iterator[Watched]:
    """An exporter that has heard the worker, which has nothing to do."""
    broker.flush()
    worker.start()  # where a test has ended it
    with watching(celery={"broker_url": broker.url, "results_url": broker.url, **QUICK}) as it:
        hearing(it)
        eventually(lambda: it.page("workers.up").value("celery_worker_up", hostname=worker.name) == 1)
        yield it


def send(url: str, task: Any, *args: Any, **how: Any) -> None:
    """Send a task."""
    with Connection(url) as connection:
        task.apply_async(args, connection=connection, **how)


def total(page: Page, what: str, task: str, **labels: str) -> float:
    """The count of this outcome of this task."""
    return sum(n for _, n in page.series(f"celery_task_{what}_total", name=f"{APP}.{task}", **labels))


def counted(exporter: Watched, what: str, task: str, count: float, **labels: str) -> Page:
    """The first page on which the task has had this outcome so often."""

    def found() -> Page | None:
        page = exporter.page("workers")
        return page if total(page, what, task, **labels) == count else None

    page = eventually(found, within=20)
    assert page is not None
    return page


def test_each_outcome_is_counted_by_task_and_queue(exporter: Watched, broker: RedisServer) -> None:
    url = broker.url
    for priority in (0, 3, 6, 9):
        send(url, tasks_app.double, priority, queue="urgent", priority=priority)
    send(url, tasks_app.divide, 1, queue="default")
    send(url, tasks_app.look_up, "b", queue="default")
    send(url, tasks_app.refuse, queue="default")
    send(url, tasks_app.insist, queue="urgent")
    counted(exporter, "succeeded", "double", 4, queue_name="urgent")
    counted(exporter, "failed", "divide", 1, queue_name="default", exception="ZeroDivisionError")
    counted(exporter, "failed", "look_up", 1, queue_name="default", exception="KeyError")
    counted(exporter, "rejected", "refuse", 1, queue_name="default")
    counted(exporter, "succeeded", "insist", 1, queue_name="urgent")
    page = exporter.page("workers")
    assert total(page, "retried", "insist") == 1
    assert total(page, "sent", "insist") == total(page, "received", "insist") == 2
    waited = page.value("celery_task_queue_wait_time_sum", name=f"{APP}.insist", queue_name="urgent")
    assert waited is not None
    assert waited < 0.5  # the half second before its second attempt is no waiting
    assert page.value("ops_events_missed_total") == 0
    # results are counted every second, and one may have come in between
    eventually(lambda: exporter.page("workers.results").value("ops_task_results_read") == 8)
    page = exporter.page("workers.results")
    assert page.value("ops_task_results", status="FAILURE") == 3
    assert page.value("ops_task_results_failed", name=f"{APP}.look_up", exception="KeyError") == 1


def test_the_worker_is_asked_for_its_queues_and_processes(exporter: Watched, worker: CeleryWorker) -> None:
    def asked() -> Page | None:
        page = exporter.page("workers")
        return page if page.value("celery_active_consumer_count", queue_name="urgent") == 1 else None

    page = eventually(asked)
    assert page is not None
    assert page.value("celery_active_consumer_count", queue_name="celery") == 0
    assert page.value("celery_active_worker_count", queue_name="default") == 1
    assert page.value("celery_active_process_count", queue_name="default") == 1
    assert page.value("ops_worker_pool_processes", hostname=worker.name) == 1
    assert page.value("ops_worker_prefetch_messages", hostname=worker.name) == 4


def test_asking_leaves_nothing_behind(exporter: Watched, broker: RedisServer) -> None:
    eventually(lambda: exporter.page("workers.inspected").series("ops_worker_pool_processes"))
    with broker.client() as redis:
        eventually(lambda: redis.keys("*watchroom*") == [])


def test_unrouted_tasks_pile_up_where_nobody_looks(exporter: Watched, broker: RedisServer) -> None:
    send(broker.url, tasks_app.double, 1)

    def unconsumed(queue: str) -> float | None:
        return exporter.page("workers.queues").value("ops_queue_unconsumed", queue_name=queue)

    eventually(lambda: unconsumed("celery") == 1)
    assert unconsumed("urgent") == 0


def test_a_frozen_pool_is_up_and_its_messages_do_not_move(
    exporter: Watched, worker: CeleryWorker, broker: RedisServer
) -> None:
    children = tree(worker.pid)[1:]
    signal_all(children, signal.SIGSTOP)
    try:
        for number in range(12):
            send(broker.url, tasks_app.double, number, queue="urgent")

        def stuck() -> Page | None:
            page = exporter.page("workers")
            age = page.value("ops_queue_oldest_message_age_seconds", queue_name="urgent") or 0
            return page if age > 2 else None

        page = eventually(stuck, within=10)
        assert page is not None
        assert page.value("celery_worker_up", hostname=worker.name) == 1
        assert (page.value("ops_queue_unacked_messages") or 0) >= 4
        assert (page.value("celery_queue_length", queue_name="urgent") or 0) > 0
        assert total(page, "succeeded", "double") == 0
        assert page.value("ops_queue_unconsumed", queue_name="urgent") == 0
        eventually(lambda: exporter.page("workers.up").value("ops_workers_stalled") == 1, within=8)
    finally:
        signal_all(children, signal.SIGCONT)
    page = counted(exporter, "succeeded", "double", 12)
    eventually(lambda: exporter.page("workers.up").value("ops_workers_stalled") == 0)
    assert page.value("celery_last_task_event_timestamp_seconds") is not None


def test_a_killed_worker_is_down_and_then_forgotten(exporter: Watched, worker: CeleryWorker) -> None:
    worker.kill()

    def shown() -> float | None:
        return exporter.page("workers.up").value("celery_worker_up", hostname=worker.name)

    eventually(lambda: shown() == 0, within=8)
    page = exporter.page("workers")
    assert page.value("ops_workers_up") == 0
    assert page.value("celery_worker_tasks_active", hostname=worker.name) == 0
    assert page.value("celery_active_consumer_count", queue_name="urgent") == 0
    eventually(lambda: shown() is None, within=8)
    assert exporter.page("workers.up").value("ops_workers_up") == 0


def test_a_task_that_the_worker_knows_is_counted_from_0(exporter: Watched, worker: CeleryWorker) -> None:
    eventually(
        lambda: exporter.page("workers.tasks").series("celery_task_failed_total", name=f"{APP}.divide")
    )


def test_a_long_task_and_a_countdown_are_no_stall(exporter: Watched, broker: RedisServer) -> None:
    send(broker.url, tasks_app.nap, 5.0, queue="urgent")
    send(broker.url, tasks_app.double, 1, queue="urgent")
    send(broker.url, tasks_app.double, 1, queue="urgent", countdown=600)
    counted(exporter, "started", "nap", 1)
    never_stalled(exporter, 4)
    counted(exporter, "succeeded", "double", 1)
    never_stalled(exporter, 3)


def never_stalled(exporter: Watched, seconds: float) -> None:
    """No worker is stalled for so long."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        assert exporter.page("workers.up").value("ops_workers_stalled") == 0


def test_the_services_own_worker_is_none_of_the_backends(
    exporter: Watched, worker: CeleryWorker, broker: RedisServer, tmp_path: Path
) -> None:
    env = {
        "SERVICE_BROKER_URL": broker.url,
        "SERVICE_DATABASE_URL": f"sqlite:///{tmp_path}/service.db",
        "RUN_DIR": str(tmp_path),
    }
    flags = ("-Q", "ingestion,embeddings")
    service = CeleryWorker(tmp_path, "ingestion_api.celery_worker.app", env, *flags, name="two")

    def heard() -> float:
        return exporter.page("workers.up").value("ops_events_seen_total") or 0

    with started(service):
        before = heard()
        eventually(lambda: heard() > before + 12, within=20)
        page = exporter.page("workers")
        assert page.value("ops_workers_up") == 1
        assert {labels["hostname"] for labels, _ in page.series("celery_worker_up")} == {worker.name}
        assert page.series("ops_worker_pool_processes", hostname=service.name) == []
        assert page.value("celery_active_consumer_count", queue_name="urgent") == 1
        worker.kill()
        eventually(lambda: exporter.page("workers.up").value("ops_workers_up") == 0, within=10)
