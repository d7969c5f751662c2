"""The broker's Redis server on a page of its own, and nothing where it is the cache's."""

import logging

import pytest

from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.whole_page import whole
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

BROKER = "broker_redis"
NOT_ALWAYS = {"redis_db_avg_ttl_seconds"}  # some time after the first key with a TTL


def of(collector: str) -> tuple[str, ...]:
    """The parts that do not depend on what has happened to the server."""
    return tuple(f"{collector}.{part}" for part in ("ping", "server", "details", "latencies"))


def both(cache: str, broker: str) -> dict[str, dict[str, object]]:
    """The settings of an exporter that watches these."""
    return {
        "redis": {"url": cache, "server_period": 0.05, "keys_sample": 0},
        "celery": {"broker_url": broker, "fast_period": 0.05},
    }


def test_it_has_the_names_of_the_caches_and_its_own_values(
    redis_server: RedisServer, broker: RedisServer
) -> None:
    with redis_server.client() as cache, broker.client(5) as other:
        cache.set("of the cache", 1)
        other.set("of the broker", 1)
        with watching(**both(redis_server.database(2), broker.database(0))) as exporter:
            own, page = (whole(exporter, *of(it)) for it in ("cache", BROKER))
    assert of_redis(page) ^ of_redis(own) <= NOT_ALWAYS
    assert (page.value("redis_up"), page.value("redis_db_keys", db="db5")) == (1, 1)
    assert own.value("redis_db_keys", db="db5") == 0
    assert page.value("redis_process_id") != own.value("redis_process_id")


def of_redis(page: Page) -> set[str]:
    """The names of what is told of a server."""
    return {name for name in page.names() if name.startswith("redis_")}


def test_the_whole_page_and_the_caches_job_know_one_server(
    redis_server: RedisServer, broker: RedisServer
) -> None:
    with watching(**both(redis_server.database(2), broker.database(0))) as exporter:
        for page in (exporter.page(), exporter.page("redis"), exporter.page("cache")):
            assert len(page.series("redis_up")) == 1
            assert page.text.count("\nredis_uptime_in_seconds ") == 1


def test_it_shares_no_page(redis_server: RedisServer, broker: RedisServer) -> None:
    with watching(**both(redis_server.database(2), broker.database(0))) as exporter:
        answer = exporter.client.get("/metrics?collect[]=cache&collect[]=broker_redis.ping")
        assert exporter.page("broker_redis.ping", "broker_redis.server").value("redis_up") == 1
    assert answer.status_code == 400
    assert answer.text == "collect[] names 'broker_redis.ping' beside others; expected it alone\n"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_that_is_the_caches_is_shown_once(
    redis_server: RedisServer, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "exporter")
    url = redis_server.database(0).replace("127.0.0.1", host)
    with watching(**both(redis_server.database(2), url)) as exporter:
        page = exporter.page(BROKER)
        assert exporter.page("redis").value("redis_up") == 1
    assert of_redis(page) == set()
    assert ("the broker is on the cache's Redis server" in caplog.text) == (host == "127.0.0.1")


def test_a_broker_without_a_cache_is_shown(broker: RedisServer) -> None:
    with watching(celery={"broker_url": broker.database(0)}) as exporter:
        assert exporter.page(BROKER).value("redis_up") == 1
        assert exporter.page("redis").series("redis_up") == []


def test_a_broker_that_is_down_is_no_cache_that_is_down(
    redis_server: RedisServer, own_redis_server: RedisServer
) -> None:
    with watching(**both(redis_server.database(2), own_redis_server.database(0))) as exporter:
        whole(exporter, BROKER)
        own_redis_server.stop()
        eventually(lambda: exporter.page(BROKER).value("redis_up") == 0, within=5)
        page = exporter.page(BROKER)
        assert page.series("redis_uptime_in_seconds") == []
        assert exporter.page("cache.ping").value("redis_up") == 1


def test_nobody_asks_for_it_and_the_broker_is_not_polled_for_it(
    redis_server: RedisServer, broker: RedisServer
) -> None:
    with watching(**both(redis_server.url, broker.database(0))) as exporter:
        exporter.page()
        exporter.page("redis")
        assert polls(exporter) == 0
        exporter.page(BROKER)
        assert polls(exporter) == 3


def polls(exporter: Watched) -> float:
    """How many polls of the broker's server there were, each one round trip."""
    series = exporter.page("own").series("ops_own_requests_total", source="broker")
    return sum(value for labels, value in series if labels["query"] in {"INFO", "SLOWLOG", "LATENCY"})
