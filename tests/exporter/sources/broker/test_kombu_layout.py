"""Brokers, bindings, keys and histories that are not as expected: shown rightly, or a sentence."""

import json
import logging

import pytest
from redis import Redis

from exporter.sources.broker.kombu_layout import (
    parse_bindings,
)
from tests.exporter.exporter_page import Page, watching
from tests.exporter.worker_events import hearing, seen, tell
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually


@pytest.mark.parametrize(
    "url",
    ["amqp://guest:hunter2@host//", "sqs://", "redis+cluster://host:1/0"],
)
def test_another_kind_of_broker_is_one_sentence_and_all_else_is_watched(
    redis: Redis, redis_server: RedisServer, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    celery = {"broker_url": url, "results_url": "rpc://"}
    with watching(celery=celery, redis={"url": redis_server.url}) as exporter:
        page = exporter.page("cache.ping", "workers.up", "workers.queues", "workers.tasks", "ingestion.ping")
    assert page.value("redis_up") == 1
    assert page.series("ops_broker_up") == []
    told = [record.message for record in caplog.records if "broker_url" in record.message]
    assert len(told) == 1
    assert "which the exporter cannot read; it reads Redis" in told[0]
    assert "hunter2" not in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("members", "separator", "queues", "strange"),
    [
        (["a\x06\x16\x06\x16a", "b\x06\x16\x06\x16b"], "\x06\x16", {"a", "b"}, False),
        (["batch::batch", "::one@host.celery.pidbox"], ":", {"batch"}, False),
        (["::one@host.celery.pidbox"], ":", set(), False),
        (["x-.-.x"], "-.", {"x"}, False),
        (["nothing"], "\x06\x16", set(), True),
        ([], "\x06\x16", set(), False),
    ],
)
def test_the_separator_is_learnt_from_bindings(
    members: list[str], separator: str, queues: set[str], strange: bool
) -> None:
    found = parse_bindings(members, "\x06\x16")
    assert (found.separator, found.queues, found.is_unreadable) == (separator, queues, strange)


def test_another_separator_is_learnt_and_told(
    redis: Redis, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    redis.sadd("_kombu.binding.batch", "batch::batch")
    redis.lpush("batch", "x")
    redis.lpush("batch:7", *["x"] * 19)
    with watching(celery={"broker_url": redis_server.url}) as exporter:
        page = eventually(lambda: with_length(exporter.page("workers.queues"), "batch", 20))
        eventually(lambda: "set celery.separator" in caplog.text)
    assert not [labels for labels, _ in page.series("celery_queue_length") if ":" in labels["queue_name"]]


def with_length(page: Page, queue: str, length: int) -> Page:
    """The page, once the queue has this length."""
    assert page.value("celery_queue_length", queue_name=queue) == length
    return page


def test_the_longest_queues_have_names_and_the_rest_is_one(redis: Redis, redis_server: RedisServer) -> None:
    for number in range(45):
        queue = f"tenant-{number:02}"
        redis.sadd(f"_kombu.binding.{queue}", f"{queue}\x06\x16\x06\x16{queue}")
        redis.lpush(queue, *["x"] * (500 if number == 44 else 1))
    celery = {"broker_url": redis_server.url, "found_queues": 5}
    with watching(celery=celery) as exporter:
        page = eventually(lambda: with_length(exporter.page("workers.queues"), "other", 40))
    assert page.value("celery_queue_length", queue_name="tenant-44") == 500
    assert page.value("ops_queues_unnamed") == 40
    assert sum(value for _, value in page.series("celery_queue_length")) == 544
    assert page.series("ops_queue_unconsumed", queue_name="other") == []


def test_names_that_look_alike_are_one_series(redis: Redis, redis_server: RedisServer) -> None:
    for queue in ("odd\x01", "odd\x02"):
        redis.sadd(f"_kombu.binding.{queue}", f"{queue}\x06\x16\x06\x16{queue}")
        redis.lpush(queue, "x", "y")
    redis.mset({"odd\x01:1": "x", "odd\x02:1": "x", "other:1": "x", "ungrouped:1": "x", "z": "x"})
    redis.set(b"\xff\x00:1", "x")
    failing = json.dumps({"status": "FAILURE", "result": {"exc_type": "E"}, "name": "a\x01"})
    redis.mset({"celery-task-meta-1": failing, "celery-task-meta-2": failing.replace("u0001", "u0002")})
    url = redis_server.url
    with watching(
        redis={"url": url, "key_groups": 3}, celery={"broker_url": url, "results_url": url}
    ) as exporter:
        eventually(lambda: with_length(exporter.page("workers.queues"), "odd?", 4))
        page = exporter.page("cache", "workers", "ingestion")
    series = [line.rpartition(" ")[0] for line in page.text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))
    assert page.value("ops_task_results_failed", name="a?", exception="E") == 2


def test_results_under_another_prefix_are_not_none(
    redis: Redis, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    redis.set("shop_celery-task-meta-1", '{"status": "SUCCESS", "result": 1}')
    url = redis_server.url
    with watching(celery={"results_url": url}) as exporter:
        page = exporter.page("workers.results")
        assert page.series("ops_task_results_stored") == []
        assert page.value("ops_collector_success", collector="workers.results") == 0
    assert "set celery.results_prefix" in caplog.text
    with watching(celery={"results_url": url, "results_prefix": "shop"}) as exporter:
        assert exporter.page("workers.results").value("ops_task_results_stored") == 1


def test_a_job_counts_once_and_not_when_it_is_submitted(redis: Redis, redis_server: RedisServer) -> None:
    def entry(name: str, status: str, **more: object) -> str:
        return json.dumps({"job_id": name, "status": status, "timestamp": "2030-01-02T03:04:05", **more})

    redis.lpush("pharos:history", entry("1", "pending"))
    with watching(ingestion={"url": redis_server.url, "period": 0.05}) as exporter:

        def ended(state: str) -> float | None:
            return exporter.page("ingestion.history").value("ops_ingestion_jobs_total", state=state)

        assert ended("other") == 0
        redis.lpush("pharos:history", entry("2", "pending"), entry("1", "completed"))
        eventually(lambda: ended("complete") == 1)
        redis.lpush("pharos:history", entry("1", "completed", seen=1), entry("2", "failed"))
        eventually(lambda: ended("failed") == 1)
        page = exporter.page("ingestion.history")
    assert (ended_of(page, "complete"), ended_of(page, "other")) == (1, 0)
    assert page.value("ops_ingestion_history_jobs", state="other") == 0


def ended_of(page: Page, state: str) -> float | None:
    """Jobs that ended so."""
    return page.value("ops_ingestion_jobs_total", state=state)


def test_a_fault_in_our_own_reading_does_not_end_the_subscription(
    redis: Redis, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with watching(celery={"broker_url": redis_server.url}) as exporter:
        hearing(exporter)

        def broken(*_: object) -> None:
            monkeypatch.undo()
            raise ZeroDivisionError

        monkeypatch.setattr("exporter.sources.broker.event_receiver.EventReceiver.process", broken)
        tell(redis, [{"type": "my-own", "hostname": "a@b"}])
        eventually(lambda: "ZeroDivisionError while the exporter read events" in caplog.text)
        hearing(exporter)
        tell(redis, [{"type": "my-own", "hostname": "a@b"}])
        seen(exporter, 1)
