"""The page of a job for Celery has the names, types and labels of celery-exporter."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis

from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.worker_events import counts, event, hearing, heartbeat, life, seen, tell
from tests.peers.pages import described
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

LIST = Path(__file__).parents[2] / "peers" / "celery_exporter.json"
HOSTS = ("celery@one", "celery@two", "celery@three")
ENDS = {"succeeded": 3, "failed": 2, "retried": 1, "rejected": 1, "revoked": 1}


@contextmanager
def told_of_tasks(server: RedisServer, redis: Redis, **settings: Any) -> Iterator[Watched]:
    """An exporter that has heard of tasks of two workers on two queues, which end in every way."""
    with watching(celery={"broker_url": server.url, "newborn": 0, **settings}) as exporter:
        hearing(exporter)
        for number, host in enumerate(HOSTS):
            tell(redis, [heartbeat(host)])
            for end, times in ENDS.items():
                last: dict[str, dict[str, Any]] = {
                    "failed": {"exception": f"Error{number}()"},
                    "succeeded": {"runtime": 0.2},
                }
                for _ in range(times * (number + 1)):
                    tell(
                        redis,
                        on(
                            host,
                            life("app.index", f"q{number % 2}", f"task-{end}", **last.get(end, {"a": 1})),
                        ),
                    )
        seen(exporter, 3 + 4 * 6 * sum(ENDS.values()))
        yield exporter


def on(host: str, events: list[Any]) -> list[Any]:
    """The events of a task, which a process of a client sends, and this worker runs."""
    sent, *rest = events
    return [{**sent, "hostname": f"gen{id(events)}@web"}, *({**it, "hostname": host} for it in rest)]


def total(page: Page, name: str, **labels: str) -> float:
    """The sum of these series."""
    return sum(value for _, value in page.series(name, **labels))


def test_every_name_of_the_peer_has_its_type_and_labels(redis: Redis, redis_server: RedisServer) -> None:
    with told_of_tasks(redis_server, redis, task_hosts=10) as exporter:
        counts(exporter)
        tell(redis, [event("worker-offline", host) for host in HOSTS])  # nobody asks them for their queues
        page = eventually(lambda: inspected(exporter), within=10)
    listed, ours = json.loads(LIST.read_text()), described(page.text)
    assert {name: ours.get(name) for name in listed} == listed
    # the peer does not tell when a worker or a task was last heard of
    assert ours.keys() - listed.keys() == {
        "celery_last_task_event_timestamp_seconds",
        "celery_worker_last_heartbeat_timestamp_seconds",
    }


def inspected(exporter: Watched) -> Page:
    """The page of the job, once the workers were asked for their queues."""
    page = exporter.page("celery-exporter")
    assert page.series("celery_active_worker_count")
    assert page.series("celery_active_consumer_count")
    return page


def test_workers_are_told_apart_only_on_request(redis: Redis, redis_server: RedisServer) -> None:
    with told_of_tasks(redis_server, redis, task_hosts=10) as exporter:
        apart = counts(exporter)
    with told_of_tasks(redis_server, redis) as exporter:
        together = counts(exporter)
    for name in (*(f"celery_task_{end}_total" for end in (*ENDS, "sent", "received", "started")),
                 "celery_task_runtime_count", "celery_task_queue_wait_time_count"):  # fmt: skip
        assert total(apart, name) == total(together, name)
        assert not any("hostname" in labels for labels, _ in together.series(name))
    for number, host in enumerate(HOSTS, start=1):
        assert total(apart, "celery_task_succeeded_total", hostname=host) == 3 * number
    assert total(apart, "celery_task_failed_total", hostname="celery@two", exception="Error1") == 4
    # whose process sent a task is nobody's business: one series a machine
    assert {labels["hostname"] for labels, value in apart.series("celery_task_sent_total") if value} == {
        "web"
    }


def test_workers_beyond_the_bound_are_one(redis: Redis, redis_server: RedisServer) -> None:
    with told_of_tasks(redis_server, redis, task_hosts=2) as exporter:
        page = counts(exporter)
    hosts = {labels["hostname"] for labels, _ in page.series("celery_task_succeeded_total")}
    assert hosts == {"web", "celery@one", "other"}
    assert total(page, "celery_task_succeeded_total", hostname="other") == 15
