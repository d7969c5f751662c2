"""The queue of the existing edge worker, in both layouts of the watched backend."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis

from connections.redis_clients import blocking_client
from connections.redis_url import parse_redis_url
from ingestion_api.clock import naive_utc
from ingestion_api.errors import TooManyRequests
from ingestion_api.settings import Settings

TIMEOUT = 2.0
MAX_HISTORY = 1000  # entries; neither layout keeps more

# checked and pushed in one step, since the backend itself pushes to the same list
PUSH_SCRIPT = """
local length = redis.call('LLEN', KEYS[1])
if length >= tonumber(ARGV[2]) then return -1 end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return length + 1
"""


@dataclass(frozen=True)
class EdgeLayout:
    """The keys of one layout; None where it has no such key."""

    queue: str
    history: str
    status: str | None
    last_seen: str | None
    meta: str | None


LAYOUTS: Mapping[str, EdgeLayout] = {
    "neo": EdgeLayout("ingest_queue", "job_history", "worker_status", None, None),
    "pharos": EdgeLayout(
        "ingest_queue", "pharos:history", None, "pharos:worker:last_seen", "pharos:worker:meta"
    ),
}


@dataclass(frozen=True)
class EdgeReport:
    """What the edge worker reports; `last_seen` is None in a layout without a heartbeat."""

    status_text: str | None
    last_seen: datetime | None
    meta: Mapping[str, Any]


class EdgeQueue:
    """The edge worker's Redis; every call raises RedisError within a few seconds when it is unreachable."""

    def __init__(self, redis: Redis, layout: EdgeLayout, limit: int, ttl: float) -> None:
        self.layout = layout
        self._redis = redis
        self._limit = limit
        self._ttl = int(ttl)

    @classmethod
    def at(cls, settings: Settings) -> "EdgeQueue | None":
        """The queue of the settings; None when jobs go to Celery."""
        if settings.dispatch != "edge" or settings.edge_url is None:
            return None
        url = parse_redis_url(settings.edge_url.get_secret_value())
        redis = blocking_client(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
        return cls(redis, LAYOUTS[settings.edge_layout], settings.queue_limit, settings.job_ttl)

    def close(self) -> None:
        """Close all connections."""
        self._redis.close()

    def push(self, repo_url: str, submitted_at: datetime) -> int:
        """Append a job and return the length of the queue; TooManyRequests when it is full."""
        body = json.dumps(
            {"repo_url": repo_url, "submitted_at": naive_utc(submitted_at).isoformat(), "ttl": self._ttl}
        )
        length: Any = self._redis.eval(
            PUSH_SCRIPT, 1, self.layout.queue, body, str(self._limit), str(self._ttl)
        )
        if int(length) < 0:
            raise TooManyRequests(f"The edge worker's queue is full: {self._limit} jobs wait.", 30)
        return int(length)

    def waiting(self) -> list[dict[str, Any]]:
        """The waiting entries, next first."""
        return self._entries(self.layout.queue, 0, -1)

    def history(self) -> list[dict[str, Any]]:
        """The results of the latest jobs, newest first."""
        return self._entries(self.layout.history, 0, MAX_HISTORY - 1)

    def withdraw(self, repo_url: str) -> bool:
        """Remove the waiting entry for a repository; False when the worker has it already."""
        bodies: Any = self._redis.lrange(self.layout.queue, 0, -1)
        for body in bodies:
            if _parse_object(body).get("repo_url") == repo_url:
                removed: Any = self._redis.lrem(self.layout.queue, 1, body)
                return bool(removed)
        return False

    def report(self) -> EdgeReport:
        """The worker's status text, and its last heartbeat."""
        status_text = self._text(self.layout.status)
        last_seen = self._text(self.layout.last_seen)
        meta = self._text(self.layout.meta)
        return EdgeReport(status_text, _parse_timestamp(last_seen), _parse_object(meta) if meta else {})

    def check(self) -> None:
        """Raise RedisError when the queue does not answer."""
        self._redis.ping()

    def _text(self, key: str | None) -> str | None:
        value: Any = self._redis.get(key) if key else None
        return value.decode(errors="replace") if value is not None else None

    def _entries(self, key: str, first: int, last: int) -> list[dict[str, Any]]:
        bodies: Any = self._redis.lrange(key, first, last)
        return [entry for body in bodies if (entry := _parse_object(body))]


def _parse_object(body: bytes | str) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _parse_timestamp(seconds: str | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(seconds), UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None
