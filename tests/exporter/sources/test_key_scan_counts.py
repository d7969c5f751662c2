"""What one scan of the keys counts, measures and estimates, with the clock of the test."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr
from redis import Redis

from exporter.settings_stores import RedisSettings
from exporter.sources.cache.key_scan import KeyScan, KeyspaceStats, key_prefix, masked_key
from exporter.sources.redis_client import RedisClient
from tests.servers.redis_server import RedisServer

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("user:1", "user"), ("user", ""), (":1", ""), ("u" * 64 + ":1", "u" * 64), ("u" * 65 + ":1", ""),
        (f"{TOKEN}:1", ""),
    ],
)  # fmt: skip
def test_a_prefix_is_short_and_no_secret(name: str, prefix: str) -> None:
    assert key_prefix(name, ":") == prefix


def test_a_secret_is_shown_as_a_digest_that_tells_it_apart() -> None:
    shown = [
        masked_key(name, ":", ["session"], 120) for name in ("session:1", "session:2", "session:1", "a:1")
    ]
    assert shown[0] == shown[2] != shown[1]
    assert shown[0].startswith("session:#")
    assert len(shown[0]) == len("session:#") + 8
    assert shown[3] == "a:1"
    assert masked_key("session", ":", ["session"], 120) == "session"
    assert masked_key("a" * 20, ":", [], 10) != "a" * 20


class Scanned:
    """One scan of a server whose clock goes on by so many seconds at each look."""

    def __init__(self, server: RedisServer, step: float, **settings: Any) -> None:
        self._url, self._step = SecretStr(server.url), step
        self._settings = RedisSettings(url=self._url, **settings)
        self._now = 0.0

    def result(self) -> KeyspaceStats:
        """What the scan finds."""

        async def run() -> KeyspaceStats:
            asking = RedisClient("cache", self._url, 5.0)
            try:
                return await KeyScan(asking, self._settings, clock=self._tick).scan()
            finally:
                await asking.close()

        return asyncio.run(run())

    def _tick(self) -> float:
        self._now += self._step
        return self._now


def test_a_scan_counts_what_it_sent_and_measured(redis_server: RedisServer, redis: Redis) -> None:
    redis.mset({f"a:{number}": "x" for number in range(30)} | {"b": "xx", "c:1": "x"})
    found = Scanned(redis_server, 0.0, keys_sample=16, keys=3).result()
    assert {group.name: group.count for group in found.groups} == {"a": 30, "": 1, "c": 1}
    assert (found.seen, found.measured, found.weighed, found.refused) == (1.0, 0.5, 16, "")
    # one SCAN, as many MEMORY USAGE as were measured, a TYPE and a size for each of the biggest
    assert found.commands == 1 + 16 + 2 * 3
    # "b" is of them where it was drawn, and anywhere among those that are as big
    assert sorted(key.size or 0 for key in found.biggest) in ([1, 1, 1], [1, 1, 2])
    assert sorted((key.used for key in found.biggest), reverse=True) == [key.used for key in found.biggest]


def test_a_group_of_which_nothing_was_measured_has_no_bytes(redis_server: RedisServer, redis: Redis) -> None:
    redis.mset({f"a:{number}": "x" for number in range(10)})
    (group,) = Scanned(redis_server, 0.0, keys_sample=0).result().groups
    assert (group.name, group.count, group.used) == ("a", 10, None)
    (group,) = Scanned(redis_server, 0.0, keys_sample=5).result().groups
    assert group.used == 10 * (redis.memory_usage("a:1") or 0)


def test_a_scan_that_is_cut_off_estimates_from_what_it_read(redis_server: RedisServer, redis: Redis) -> None:
    redis.mset({f"a:{number:04}": "x" for number in range(3000)})
    found = Scanned(redis_server, 1.0, keys_sample=3000, keys_seconds=0.5).result()
    (group,) = found.groups
    assert found.seen == pytest.approx(500 / 3000, rel=0.1)
    assert found.weighed == 50  # the first batch, after which the time was over
    assert found.measured == pytest.approx(50 / 500, rel=0.1)
    assert group.count == 3000
    assert group.used == 3000 * (redis.memory_usage("a:0001") or 0)


def test_a_scan_goes_on_until_all_keys_are_seen(redis_server: RedisServer, redis: Redis) -> None:
    redis.mset({f"a:{number:04}": "x" for number in range(1200)})
    found = Scanned(redis_server, 0.0, keys_sample=0).result()
    assert (found.seen, found.groups[0].count) == (1.0, 1200)
    assert found.commands >= 3


def test_a_scan_ends_when_its_time_is_over(redis_server: RedisServer, redis: Redis) -> None:
    redis.mset({f"a:{number:04}": "x" for number in range(1200)})
    # the clock is read at the start, before the first part and after it
    found = Scanned(redis_server, 1 / 64, keys_sample=0, keys_seconds=2 / 64).result()
    assert found.commands == 1
    assert 0.3 < found.seen < 0.6


def test_an_empty_database_is_scanned_with_one_command(redis_server: RedisServer, redis: Redis) -> None:
    found = Scanned(redis_server, 0.0).result()
    assert found == KeyspaceStats((), (), 1.0, 1.0, 1, 0, "")


def test_a_key_whose_type_has_no_length_has_no_size(redis_server: RedisServer, redis: Redis) -> None:
    redis.eval("redis.call('XADD', 'stream', '*', 'a', 'b') redis.call('RPUSH', 'list', 1, 2)", 0)
    found = Scanned(redis_server, 0.0, keys=2, keys_sample=9).result()
    assert {key.name: key.size for key in found.biggest} == {"stream": 1, "list": 2}


def test_a_user_who_may_not_measure_still_counts(redis_server: RedisServer, redis: Redis) -> None:
    redis.mset({f"a:{number}": "x" for number in range(60)})
    redis.acl_setuser("counter", enabled=True, passwords=["+pw"], commands=["+@all", "-memory"], keys=["*"])
    try:
        url = redis_server.url.replace("redis://", "redis://counter:pw@")
        scan = Scanned(redis_server, 0.0, keys_sample=60)
        scan._url = SecretStr(url)
        found = scan.result()
    finally:
        redis.acl_deluser("counter")
    assert [(group.count, group.used) for group in found.groups] == [(60, None)]
    assert "MEMORY USAGE" in found.refused
    assert (found.weighed, found.measured, found.biggest) == (0, 0.0, ())
