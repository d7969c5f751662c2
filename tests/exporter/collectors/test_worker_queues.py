"""Queues as they really lie in Redis: priorities, unrouted tasks, how long the oldest waits."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kombu import Connection
from pydantic import SecretStr
from redis import Redis

from exporter.settings_queues import CelerySettings
from exporter.sources.broker.queues import KnownQueues
from exporter.sources.redis_client import RedisClient
from tests.exporter import tasks_app
from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.worker_events import hearing, heartbeat, tell
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually


@pytest.fixture
def exporter(redis: Redis, redis_server: RedisServer) -> Iterator[Watched]:
    """An exporter that asks at every scrape."""
    with watching(celery={"broker_url": redis_server.url, "fast_period": 0.01}) as it:
        yield it


def send(server: RedisServer, count: int = 1, **how: Any) -> None:
    """Send tasks as any client of the backend does."""
    with Connection(server.url) as connection:
        # the types of Celery do not know of the connection
        for number in range(count):
            tasks_app.double.apply_async((number,), **{"connection": connection, **how})


def shown(exporter: Watched, name: str, queue: str) -> float | None:
    """This metric of this queue, now."""
    return exporter.page("workers.queues").value(name, queue_name=queue)


def with_length(exporter: Watched, queue: str, length: int) -> Page:
    """The first page on which the queue has this length."""

    def found() -> Page | None:
        page = exporter.page("workers.queues")
        return page if page.value("celery_queue_length", queue_name=queue) == length else None

    page = eventually(found)
    assert page is not None
    return page


def test_a_burst_that_one_poll_finds_is_no_sustained_length(redis: Redis, redis_server: RedisServer) -> None:
    async def read(lengths: list[int]) -> list[tuple[int, int]]:
        client = RedisClient("broker", SecretStr(redis_server.url), 1.0)
        queues, found = KnownQueues(CelerySettings(queues=("batch",))), []
        for length in lengths:
            redis.delete("batch")
            redis.rpush("batch", *["x"] * length)
            lasting = await queues.read(client)
            found.append((lasting.queues["batch"], lasting.sustained["batch"]))
        await client.close()
        return found

    assert asyncio.run(read([1, 101, 2, 101, 102])) == [(1, 0), (101, 1), (2, 2), (101, 2), (102, 101)]


def test_all_priorities_of_a_queue_are_one_length(
    redis: Redis, redis_server: RedisServer, exporter: Watched
) -> None:
    for priority in (0, 3, 6, 9):
        send(redis_server, 100, queue="batch", priority=priority)
    assert redis.llen("batch") == 100
    page = with_length(exporter, "batch", 400)
    assert page.value("celery_queue_length", queue_name="urgent") == 0
    assert page.value("ops_queue_oldest_message_age_seconds", queue_name="urgent") == 0


def test_a_queue_nobody_configured_is_found_by_its_binding(
    redis_server: RedisServer, exporter: Watched, redis: Redis
) -> None:
    send(redis_server, 2, queue="surprise", priority=6)
    redis.sadd("_kombu.binding.reply.celery.pidbox", "x\x06\x16\x06\x16x.reply.celery.pidbox")
    with watching(celery={"broker_url": redis_server.url}) as later:
        page = with_length(later, "surprise", 2)
    assert not [
        labels for labels, _ in page.series("celery_queue_length") if "pidbox" in labels["queue_name"]
    ]


def test_the_age_comes_from_the_header_where_the_publisher_wrote_it(
    redis_server: RedisServer, exporter: Watched
) -> None:
    send(redis_server, queue="urgent", priority=9, headers={"published_at": time.time() - 77})
    send(redis_server, queue="urgent")
    age = eventually(lambda: shown(exporter, "ops_queue_oldest_message_age_seconds", "urgent"))
    assert age == pytest.approx(77, abs=5)


@pytest.mark.parametrize("header", ["soon", 1e300, -5, 1_700_000_000_000, None, True])
def test_an_impossible_time_in_a_header_is_not_believed(
    redis_server: RedisServer, exporter: Watched, header: Any
) -> None:
    send(redis_server, queue="urgent", headers={"published_at": header})
    age = eventually(lambda: shown(exporter, "ops_queue_oldest_message_age_seconds", "urgent"))
    assert age is not None
    assert age < 5


def test_the_age_comes_from_the_sent_event_where_there_is_no_header(
    redis: Redis, redis_server: RedisServer
) -> None:
    with watching(celery={"broker_url": redis_server.url}) as exporter:
        hearing(exporter)
        send(redis_server, queue="urgent")
        message = json.loads(str(redis.lindex("urgent", -1)))
        eventually(lambda: exporter.page("workers.tasks").series("celery_task_sent_total"))
        age = eventually(lambda: shown(exporter, "ops_queue_oldest_message_age_seconds", "urgent"))
    assert message["headers"]["id"]
    assert age is not None
    assert 0 < age < 5


def test_a_message_that_does_not_move_grows_old(redis: Redis, exporter: Watched) -> None:
    redis.lpush("urgent", "no message of kombu's", "another")
    first = eventually(lambda: shown(exporter, "ops_queue_oldest_message_age_seconds", "urgent"))
    assert first is not None
    eventually(lambda: (shown(exporter, "ops_queue_oldest_message_age_seconds", "urgent") or 0) > first + 1.2)
    redis.rpop("urgent")
    eventually(lambda: (shown(exporter, "ops_queue_oldest_message_age_seconds", "urgent") or 9) < 1)


def test_messages_without_any_worker_are_unconsumed(redis: Redis, redis_server: RedisServer) -> None:
    with watching(celery={"broker_url": redis_server.url, "worker_timeout": 0.3}) as exporter:
        hearing(exporter)
        send(redis_server)
        eventually(lambda: shown(exporter, "ops_queue_unconsumed", "celery") == 1)
        assert shown(exporter, "ops_queue_unconsumed", "urgent") == 0
        assert shown(exporter, "celery_active_consumer_count", "celery") == 0


def test_a_worker_that_nobody_could_ask_leaves_consumers_unknown(
    redis: Redis, redis_server: RedisServer
) -> None:
    with watching(celery={"broker_url": redis_server.url}) as exporter:
        hearing(exporter)
        tell(redis, [heartbeat()])
        eventually(lambda: exporter.page("workers.up").value("ops_workers_up") == 1)
        send(redis_server)
        page = with_length(exporter, "celery", 1)
    assert page.value("ops_queue_unconsumed", queue_name="celery") is None
    assert page.value("ops_queue_unconsumed", queue_name="urgent") == 0


def test_what_workers_hold_is_counted_and_its_changes_noticed(redis: Redis, exporter: Watched) -> None:
    redis.hset("unacked", mapping={"a": "1", "b": "2"})
    redis.zadd("unacked_index", {"a": 1000.5, "b": 2000})
    page = eventually(lambda: held(exporter, 2))
    assert page.value("ops_queue_unacked_oldest_timestamp_seconds") == 1000.5
    before = page.value("ops_queue_unacked_change_timestamp_seconds")
    assert held(exporter, 2)
    assert exporter.page("workers.queues").value("ops_queue_unacked_change_timestamp_seconds") == before
    redis.hdel("unacked", "a")
    redis.zrem("unacked_index", "a")
    page = eventually(lambda: held(exporter, 1))
    after = page.value("ops_queue_unacked_change_timestamp_seconds")
    assert before is not None
    assert after is not None
    assert after > before


def held(exporter: Watched, count: int) -> Page:
    """The page while workers hold so many messages. Raises AssertionError otherwise."""
    page = exporter.page("workers.queues")
    assert page.value("ops_queue_unacked_messages") == count
    return page


def test_a_key_of_another_type_costs_its_own_queue_only(redis: Redis, exporter: Watched) -> None:
    redis.set("urgent", "no list")
    redis.lpush("default", "x")
    page = with_length(exporter, "default", 1)
    assert page.value("celery_queue_length", queue_name="urgent") is None


def test_a_large_message_is_not_read_at_every_look(redis: Redis, exporter: Watched) -> None:
    redis.lpush(
        "urgent", json.dumps({"body": "x" * 2_000_000, "headers": {"published_at": time.time() - 50}})
    )
    age = eventually(lambda: shown(exporter, "ops_queue_oldest_message_age_seconds", "urgent"))
    assert age is not None
    assert age == pytest.approx(50, abs=3)
    redis.config_resetstat()
    eventually(lambda: (shown(exporter, "ops_queue_oldest_message_age_seconds", "urgent") or 0) > age + 1.5)
    assert "cmdstat_lindex" not in redis.info("commandstats")
