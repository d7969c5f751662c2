"""The ingestion worker, a stand-in for the GPU edge worker: `python -m demo.edge_worker`."""

import json
import logging
import random
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import redis

from demo.faults.state import FaultFile, fault_file, format_time
from demo.logs import short_error, start_logging
from demo.settings import Settings, read_settings
from demo.storage.engine import now

HISTORY_KEY = "pharos:history"
HISTORY_LENGTH = 1000
HEARTBEAT_TTL = 600
JOB_STEP = 0.25
# Files whose vectors fit the pretended graphics memory.
MEMORY_FILES = 280
log = logging.getLogger("demo.edge_worker")


def write_entry(queue: "redis.Redis", text: str) -> None:
    """Prepend an entry to the history."""
    queue.lpush(HISTORY_KEY, text)
    queue.ltrim(HISTORY_KEY, 0, HISTORY_LENGTH - 1)


def record_submission(queue: "redis.Redis", faults: FaultFile, what: str, status: str = "pending") -> None:
    """Record a submitted job in the history while the fault history-at-submission is in force."""
    if "history-at-submission" in faults:
        entry = {"repo_url": what, "status": status, "timestamp": format_time(now(), faults)}
        write_entry(queue, json.dumps(entry))


class EdgeKeys:
    """Writes status, history and heartbeat; the pharos:* keys only with that layout."""

    def __init__(self, url: str, pharos: bool) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=3, socket_connect_timeout=2, decode_responses=True
        )
        self._pharos = pharos
        self.drained = 0

    def next_job(self) -> dict[str, Any] | None:
        """The oldest job in the queue, or None after a second."""
        found: Any = self._redis.blpop(["ingest_queue"], timeout=1)
        if found is None:
            return None
        self.drained += 1
        return dict(json.loads(found[1]))

    def set_status(self, status: str) -> None:
        """Set worker_status, which has no expiry and so outlives its worker."""
        self._redis.set("worker_status", status)

    def record_job(self, record: dict[str, Any]) -> None:
        """Add a job to the histories, and a skipped one to the dead letter queue."""
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

    def send_heartbeat(self) -> None:
        """Write the heartbeat."""
        if not self._pharos:
            return
        meta = {"worker_id": "edge-demo-1", "version": "demo", "embedding_model": "svd-walks-16",
                "queue_drained_count": self.drained, "last_seen_iso": now().isoformat()}  # fmt: skip
        self._redis.set("pharos:worker:last_seen", int(time.time()), ex=HEARTBEAT_TTL)
        self._redis.set("pharos:worker:meta", json.dumps(meta), ex=HEARTBEAT_TTL)


def run_job(
    job: dict[str, Any], mean_seconds: float, chance: random.Random, alive: Callable[[], None]
) -> dict[str, Any]:
    """Work through one repository and return its record, which lacks only its time; alive is called often."""
    age = (now() - datetime.fromisoformat(job["submitted_at"])).total_seconds()
    base = {"repo_url": job["repo_url"], "ttl": job.get("ttl", 86400)}
    if age > float(base["ttl"]):
        return base | {"status": "skipped", "reason": "Task exceeded TTL", "age_seconds": round(age, 1)}
    start = time.monotonic()
    files = int(chance.lognormvariate(4.5, 0.7)) + 1
    try:
        embed_graph(files)
    except MemoryError as error:
        return base | {"status": "failed", "error": str(error)[:100]}
    until = start + mean_seconds * chance.uniform(0.3, 1.7)
    while time.monotonic() < until:
        alive()
        time.sleep(JOB_STEP)
    spent = round(time.monotonic() - start, 2)
    return base | {"status": "complete", "duration_seconds": spent, "files_processed": files,
                   "embeddings_generated": files}  # fmt: skip


def embed_graph(files: int) -> np.ndarray:
    """Vectors of a graph of this many files; raises MemoryError beyond what fits."""
    if files > MEMORY_FILES:
        raise MemoryError("CUDA out of memory")
    generator = np.random.default_rng(files)
    links = generator.random((files, files)) < min(4 / files, 1)
    walks = np.linalg.matrix_power(links / np.maximum(links.sum(axis=1, keepdims=True), 1), 3)
    vectors, weights, _ = np.linalg.svd(walks, full_matrices=False)
    found: np.ndarray = vectors[:, :16] * weights[:16]
    return found


class EdgeWorker:
    """Runs one job after another and sends heartbeats meanwhile."""

    def __init__(self, settings: Settings, ended: threading.Event) -> None:
        self._settings = settings
        self._keys = EdgeKeys(settings.ingestion_url, settings.pharos_layout)
        self._ended = ended
        self._faults = fault_file(settings.home)
        self._last_heartbeat = float("-inf")
        self._random = random.Random()  # noqa: S311  made-up work, nothing secret

    def run(self) -> None:
        """Run until stopped; retry an unreachable Redis every second."""
        while not self._ended.is_set():
            try:
                self._keys.set_status("Idle")
                while not self._ended.is_set():
                    self._heartbeat_if_due()
                    self._run_next_job()
            except redis.RedisError as error:
                log.warning("Redis does not respond: %s", short_error(error))
                self._ended.wait(1)

    def _run_next_job(self) -> None:
        job = self._keys.next_job()
        if job is None:
            return
        self._keys.set_status(f"Training Graph on {job['repo_url']}")
        record = run_job(job, self._settings.ingest_seconds, self._random, self._heartbeat_if_due)
        record["timestamp"] = format_time(now(), self._faults)
        self._keys.record_job(record)
        self._keys.set_status(f"Error: {record['error']}" if record["status"] == "failed" else "Idle")

    def _heartbeat_if_due(self) -> None:
        if self._ended.is_set():
            raise SystemExit(0)
        if time.monotonic() - self._last_heartbeat >= self._settings.heartbeat_seconds:
            self._keys.send_heartbeat()
            self._last_heartbeat = time.monotonic()


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings, ended = read_settings(), threading.Event()
    start_logging("edge", settings.log_level)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    EdgeWorker(settings, ended).run()


if __name__ == "__main__":
    main()
