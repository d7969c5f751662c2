"""The Redis keys of the edge worker, in the layout of both lines of the backend."""

import json
import time
from typing import Any

import redis

from demo.edge.history import write_entry
from demo.storage.engine import now

HEARTBEAT_TTL = 600


class EdgeKeys:
    """Writes status, history and heartbeat; the pharos:* keys only where that layout is wanted."""

    def __init__(self, url: str, pharos: bool) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=3, socket_connect_timeout=2, decode_responses=True
        )
        self._pharos = pharos
        self.drained = 0

    def next_job(self) -> dict[str, Any] | None:
        """The oldest repository in the queue, or None after a second without any."""
        found: Any = self._redis.blpop(["ingest_queue"], timeout=1)
        if found is None:
            return None
        self.drained += 1
        return dict(json.loads(found[1]))

    def say(self, status: str) -> None:
        """Set worker_status, which has no expiry and so outlives its worker."""
        self._redis.set("worker_status", status)

    def remember(self, record: dict[str, Any]) -> None:
        """Add a job to the histories, and a skipped one to the dead letters."""
        text = json.dumps(record)
        pipe = self._redis.pipeline()
        pipe.lpush("job_history", text)
        pipe.ltrim("job_history", 0, 99)
        if self._pharos:
            write_entry(pipe, text)
        if self._pharos and record["status"] == "skipped":
            pipe.lpush("pharos:dlq", text)
            pipe.ltrim("pharos:dlq", 0, 999)
        pipe.execute()

    def beat(self) -> None:
        """Say that the worker lives."""
        if not self._pharos:
            return
        meta = {"worker_id": "edge-demo-1", "version": "demo", "embedding_model": "svd-walks-16",
                "queue_drained_count": self.drained, "last_seen_iso": now().isoformat()}  # fmt: skip
        self._redis.set("pharos:worker:last_seen", int(time.time()), ex=HEARTBEAT_TTL)
        self._redis.set("pharos:worker:meta", json.dumps(meta), ex=HEARTBEAT_TTL)
