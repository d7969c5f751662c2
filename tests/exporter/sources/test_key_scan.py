"""Big keys and the groups of keys, on a real Redis with many of them."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests.exporter.exporter_page import Page, watching
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

KEYS = "cache.keys"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
FILL = """
for i = 1, tonumber(ARGV[1]) do
  redis.call('SET', 'group' .. (i % 20) .. ':' .. i, string.rep('x', 10 + 10 * (i % 20)))
end"""


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """A connection to an empty cache."""
    redis_server.flush()
    with redis_server.client() as connection:
        yield connection
    redis_server.flush()


def keys_of(server: RedisServer, **settings: Any) -> Page:
    """The page once the first pass is over."""
    with watching(redis={"url": server.url, "keys_seconds": 40, **settings}) as exporter:
        return eventually(lambda: walked(exporter.page(KEYS)), within=45)


def walked(page: Page) -> Page:
    """The page, once a pass is over."""
    assert page.series("ops_cache_keys_seen_ratio")
    return page


def test_a_hundred_thousand_keys_in_twenty_groups(redis_server: RedisServer, client: redis.Redis) -> None:
    client.eval(FILL, 0, 100_000)
    page = keys_of(redis_server, keys_sample=20_000)
    counts = page.series("redis_key_group_count")
    assert {labels["key_group"] for labels, _ in counts} == {f"group{n}" for n in range(20)}
    assert {value for _, value in counts} == {5000}
    assert page.value("redis_number_of_distinct_key_groups", db="db0") == 20
    assert page.value("ops_cache_keys_seen_ratio") == 1
    assert page.value("ops_cache_keys_measured_ratio") == pytest.approx(0.2, abs=0.01)
    light = page.value("redis_key_group_memory_usage_bytes", key_group="group0") or 0
    heavy = page.value("redis_key_group_memory_usage_bytes", key_group="group19") or 0
    per_key = client.memory_usage("group19:19")
    assert heavy == pytest.approx(5000 * (per_key or 0), rel=0.05)
    assert heavy > 2 * light


def test_a_pass_that_runs_out_of_time_estimates_the_rest(
    redis_server: RedisServer, client: redis.Redis
) -> None:
    client.eval(FILL, 0, 100_000)
    page = keys_of(redis_server, keys_seconds=0.05, keys_sample=500)
    assert 0 < (page.value("ops_cache_keys_seen_ratio") or 0) < 1
    total = sum(value for _, value in page.series("redis_key_group_count"))
    assert total == pytest.approx(100_000, rel=0.05)


def test_the_biggest_keys_of_every_type(redis_server: RedisServer, client: redis.Redis) -> None:
    for number in range(50):
        client.set(f"small:{number}", number)
    client.set("text:1", "x" * 9000)
    client.rpush("list:1", *range(4000))
    client.hset("hash:1", mapping={str(n): n for n in range(3000)})
    client.sadd("set:1", *range(2000))
    client.zadd("sorted:1", {str(n): n for n in range(1000)})
    client.xadd("stream:1", {"field": "x" * 5000})
    page = keys_of(redis_server, keys=6)
    sizes = {labels["key"]: value for labels, value in page.series("redis_key_size")}
    assert sizes == {
        "text:1": 9000,
        "list:1": 4000,
        "hash:1": 3000,
        "set:1": 2000,
        "sorted:1": 1000,
        "stream:1": 1,
    }
    assert page.value("redis_key_memory_usage_bytes", key="text:1") == client.memory_usage("text:1")


def test_what_is_secret_in_a_key_is_never_shown(redis_server: RedisServer, client: redis.Redis) -> None:
    client.set(f"revoked_token:{TOKEN}", "x" * 100)
    client.set("revoked_token:other", "x" * 100)
    client.set("session:4711:data", "x" * 100)
    client.set(f"page/{TOKEN}/1", "x" * 100)
    client.set(f"{TOKEN}:x", "x" * 100)
    page = keys_of(redis_server)
    assert "eyJ" not in page.text
    assert "4711" not in page.text
    assert (
        len([1 for labels, _ in page.series("redis_key_size") if labels["key"].startswith("revoked_token:#")])
        == 2
    )
    assert page.value("redis_key_group_count", key_group="revoked_token") == 2
    assert page.value("redis_key_group_count", key_group="ungrouped") == 2


def test_labels_are_few_and_short_whatever_the_keys_are(
    redis_server: RedisServer, client: redis.Redis
) -> None:
    client.mset({f'{n}:{"long" * 200}\n"': "x" * n for n in range(300)})
    client.mset({b"\xff\xfe" + bytes([n]): "x" for n in range(10)})
    page = keys_of(redis_server, keys=5, key_groups=7)
    groups = page.series("redis_key_group_count")
    assert len(groups) == 8
    assert sum(value for _, value in groups) == 310
    assert all(len(labels["key"]) <= 120 for labels, _ in page.series("redis_key_size"))
    assert len(page.series("redis_key_size")) == 5


def test_an_empty_cache_has_no_groups(redis_server: RedisServer, client: redis.Redis) -> None:
    page = keys_of(redis_server)
    assert page.series("redis_key_group_count") == []
    assert page.value("redis_number_of_distinct_key_groups") == 0


def test_no_scrape_waits_for_a_pass(own_redis_server: RedisServer) -> None:
    with own_redis_server.client() as client:
        client.eval(FILL, 0, 5_000)
    with watching(redis={"url": own_redis_server.url, "keys_period": 0.1, "timeout": 10}) as exporter:
        eventually(lambda: exporter.page(KEYS).series("redis_key_group_count"))
        with own_redis_server.client() as client:
            assert "cmdstat_keys" not in client.info("commandstats")
        own_redis_server.freeze()
        began = time.monotonic()
        while time.monotonic() < began + 0.3:  # meanwhile the next pass begins, and hangs
            page = exporter.page(KEYS)
            assert page.seconds < 1
            assert page.series("redis_key_group_count")


def test_a_server_that_freezes_within_a_pass_costs_only_the_keys(own_redis_server: RedisServer) -> None:
    with own_redis_server.client() as client:
        client.eval(FILL, 0, 500)
    # few commands, or the next pass would wait for long
    settings = {
        "keys_sample": 0,
        "url": own_redis_server.url,
        "timeout": 0.3,
        "keys_period": 0.05,
        "fast_period": 0.01,
    }
    with watching(redis=settings) as exporter:
        eventually(lambda: exporter.page(KEYS).series("redis_key_group_count"))
        own_redis_server.freeze()
        page = eventually(lambda: failed(exporter.page(KEYS)), within=10)
        assert page.seconds < 1
        own_redis_server.thaw()
        eventually(lambda: exporter.page(KEYS).series("redis_key_group_count"), within=20)


def failed(page: Page) -> Page:
    """The page, once the keys are not known any more."""
    assert page.value("ops_collector_success", collector=KEYS) == 0
    return page
