"""The Redis cache (JSON strings that expire) with its counts of hits, misses and invalidations."""

import json
import logging
import threading
from typing import Any

import redis

from demo.logs import short_error

log = logging.getLogger(__name__)
# A cache that takes longer than this is slower than the database behind it.
REDIS_TIMEOUT = 0.5


class Cache:
    """JSON values under keys that expire; an unreachable Redis counts as a miss."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT, decode_responses=True
        )
        self._lock = threading.Lock()
        self.hits = self.misses = self.invalidations = 0

    def get(self, key: str) -> Any:
        """The value under a key, or None."""
        try:
            found = self._redis.get(key)
        except redis.RedisError as error:
            log.debug("cache read failed: %s", short_error(error))
            found = None
        with self._lock:
            self.hits += found is not None
            self.misses += found is None
        return None if found is None else json.loads(str(found))

    def put(self, key: str, value: Any, seconds: int) -> None:
        """Keep a value for some seconds."""
        try:
            self._redis.set(key, json.dumps(value, default=str), ex=seconds)
        except redis.RedisError as error:
            log.debug("cache write failed: %s", short_error(error))

    def delete(self, *keys: str) -> None:
        """Delete outdated values."""
        with self._lock:
            self.invalidations += len(keys)
        try:
            self._redis.delete(*keys)
        except redis.RedisError as error:
            log.debug("cache invalidation failed: %s", short_error(error))

    def ping(self) -> None:
        """Raise RedisError unless Redis responds in time."""
        self._redis.ping()

    def counts(self) -> dict[str, float | int]:
        """What this process counted since it started."""
        total = self.hits + self.misses
        rate = self.hits / total if total else 0.0
        return {
            "hit_rate": round(rate, 4),
            "hit_rate_percent": round(100 * rate, 2),
            "hits": self.hits,
            "misses": self.misses,
            "invalidations": self.invalidations,
            "total_requests": total,
        }
