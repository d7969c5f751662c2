"""The backend's cache in Redis: statistics, and clearing keys by prefix."""

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from redis import Redis

from connections.redis_clients import blocking_client
from connections.redis_url import parse_redis_url
from ingestion_api.batching import batches
from ingestion_api.errors import Unavailable
from ingestion_api.settings import Settings

TIMEOUT = 2.0
SCAN_COUNT = 1000  # keys a SCAN step
UNLINK_BATCH = 500  # keys an UNLINK
CLEAR_TIMEOUT = 20.0  # a clear that takes longer stops and says so
GLOB = re.compile(r"([\\*?\[\]^-])")


@dataclass(frozen=True)
class CacheStatistics:
    """What Redis says of the cache, and its keys by prefix; counted over a sample when there are many."""

    keys: int
    memory_bytes: int
    hits: int
    misses: int
    evicted: int
    expired: int
    groups: Mapping[str, int]
    sampled: int

    @property
    def hit_ratio(self) -> float | None:
        """Hits among all look-ups since Redis started; None when there were none."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else None


@dataclass(frozen=True)
class ClearResult:
    """How many keys were found and removed; `whole` is False when time ran out before the end."""

    keys: int
    whole: bool


class Cache:
    """The cache; every call raises RedisError when it does not answer."""

    def __init__(self, redis: Redis, protected: tuple[str, ...], sample: int) -> None:
        self._redis = redis
        self._protected = tuple(prefix.encode() for prefix in protected)
        self._sample = sample

    @classmethod
    def at(cls, settings: Settings) -> "Cache | None":
        """The cache of the settings; None when there is none."""
        if settings.cache_url is None:
            return None
        url = parse_redis_url(settings.cache_url.get_secret_value())
        redis = blocking_client(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
        return cls(redis, settings.cache_protected, settings.cache_sample)

    def close(self) -> None:
        """Let go of all connections."""
        self._redis.close()

    def statistics(self) -> CacheStatistics:
        """Count the keys by prefix, over a sample, and read Redis's own counters."""
        info: Any = self._redis.info()
        groups: Counter[str] = Counter()
        for number, key in enumerate(self._redis.scan_iter(count=SCAN_COUNT)):
            if number >= self._sample:
                break
            groups[_key_prefix(key)] += 1
        return CacheStatistics(
            keys=int(self._redis.dbsize()),
            memory_bytes=int(info.get("used_memory", 0)),
            hits=int(info.get("keyspace_hits", 0)),
            misses=int(info.get("keyspace_misses", 0)),
            evicted=int(info.get("evicted_keys", 0)),
            expired=int(info.get("expired_keys", 0)),
            groups=dict(groups.most_common(50)),
            sampled=groups.total(),
        )

    def count(self, prefix: str) -> ClearResult:
        """How many keys begin with `prefix`, without those that are protected."""
        deadline = time.monotonic() + CLEAR_TIMEOUT
        number = 0
        for _key in self._matching(prefix):
            number += 1
            if time.monotonic() > deadline:
                return ClearResult(number, whole=False)
        return ClearResult(number, whole=True)

    def clear(self, prefix: str) -> ClearResult:
        """Remove the keys that begin with `prefix`, in batches, without those that are protected."""
        deadline = time.monotonic() + CLEAR_TIMEOUT
        number = 0
        for batch in batches(self._matching(prefix), UNLINK_BATCH):
            number += int(self._redis.unlink(*batch))
            if time.monotonic() > deadline:
                return ClearResult(number, whole=False)
        return ClearResult(number, whole=True)

    def _matching(self, prefix: str) -> Iterator[bytes]:
        # a prefix is meant letter by letter, so what MATCH reads as a pattern is escaped
        pattern = GLOB.sub(r"\\\1", prefix) + "*"
        for key in self._redis.scan_iter(match=pattern, count=SCAN_COUNT):
            if not key.startswith(self._protected):
                yield key


def require_cache(cache: Cache | None) -> Cache:
    """The cache, or Unavailable when none is configured."""
    if cache is None:
        raise Unavailable("No cache is configured; set SERVICE_CACHE_URL.")
    return cache


def _key_prefix(key: bytes) -> str:
    head, colon, _rest = key.decode(errors="replace").partition(":")
    return f"{head[:60]}:" if colon else "(no prefix)"
