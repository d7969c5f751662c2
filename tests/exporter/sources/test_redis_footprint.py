"""How many commands the exporter sends to a Redis server that is cache, broker and queue in one."""

import time
from typing import Any

import pytest
import redis

from tests.exporter.exporter_page import Watched, watching
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

FAST = ("cache.ping", "workers.up", "workers.queues", "ingestion.queues", "ingestion.worker")
BOUND = 40  # commands a second
SECONDS = 8.0


def all_on(server: RedisServer, **celery: Any) -> dict[str, Any]:
    """The settings that name this one server everywhere."""
    return {
        "redis": {"url": server.database(2)},
        "celery": {"broker_url": server.database(0), "results_url": server.database(1), **celery},
        "ingestion": {"url": server.database(0)},
    }


def calls(client: redis.Redis) -> dict[str, int]:
    """The commands that the server has run, by name."""
    stats: dict[str, Any] = client.info("commandstats")
    return {name.removeprefix("cmdstat_"): said["calls"] for name, said in stats.items()}


def scraped(exporter: Watched, seconds: float) -> None:
    """Scrape as Prometheus does: four times a second what pages, and everything once."""
    began = time.monotonic()
    exporter.page()
    count = 0
    while time.monotonic() - began < seconds:
        count += 1
        exporter.page(*FAST)
        time.sleep(max(began + count * 0.25 - time.monotonic(), 0.0))


def rates(exporter: Watched, client: redis.Redis) -> dict[str, float]:
    """Commands a second, by name, once the exporter knows its way about."""
    scraped(exporter, 2.0)
    before, began = calls(client), time.monotonic()
    scraped(exporter, SECONDS)
    after, seconds = calls(client), time.monotonic() - began
    return {name: (count - before.get(name, 0)) / seconds for name, count in after.items()}


def test_an_idle_server_is_asked_little(own_redis_server: RedisServer) -> None:
    with own_redis_server.client() as client, watching(**all_on(own_redis_server)) as exporter:
        found = rates(exporter, client)
    assert sum(found.values()) < BOUND / 2, found
    assert found["ping"] < 4.5, (
        found
    )  # one connection's ping serves cache, broker, ingestion; the events' own


def test_a_busy_server_is_asked_no_more_than_the_bound(own_redis_server: RedisServer) -> None:
    with own_redis_server.client() as client:
        for queue in ("urgent", "default", "celery", "batch", "ml_tasks", "one", "two", "three"):
            for ending in ("", "\x06\x163", "\x06\x169"):
                client.lpush(f"{queue}{ending}", *["message"] * 50)
            client.sadd(f"_kombu.binding.{queue}", f"{queue}\x06\x16\x06\x16{queue}")
        for name in ("ingest_queue", "pharos:tasks", "pharos_extraction_jobs", "pharos:dlq"):
            client.rpush(name, *["{}"] * 5)
        with watching(**all_on(own_redis_server)) as exporter:
            eventually(lambda: queue_length(exporter, "three") == 150)
            found = rates(exporter, client)
    assert sum(found.values()) <= BOUND, found


def queue_length(exporter: Watched, queue: str) -> float | None:
    """The length that is shown."""
    return exporter.page("workers.queues").value("celery_queue_length", queue_name=queue)


@pytest.mark.parametrize("others", [0, 12])
def test_a_queue_that_fills_is_seen_within_a_second(own_redis_server: RedisServer, others: int) -> None:
    with own_redis_server.client() as client, watching(**all_on(own_redis_server)) as exporter:
        for number in range(others):
            client.lpush(f"batch\x06\x16{number % 10}", "x")
        client.lpush("default", *["x"] * 100)
        scraped(exporter, 2.0)
        began = time.monotonic()
        client.lpush("default", "x")
        eventually(lambda: queue_length(exporter, "default") == 101, within=3)
        client.lpush("urgent\x06\x166", *["x"] * 101)
        eventually(lambda: queue_length(exporter, "urgent") == 101, within=3)
        assert time.monotonic() - began < 2.5
