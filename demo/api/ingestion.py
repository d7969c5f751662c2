"""The ingestion routes: a short queue of repositories in Redis for the edge worker."""

import hmac
import json
import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Annotated, Any, TypeVar

import redis
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from prometheus_client import Counter, Gauge

from demo.api.auth import INVALID_CREDENTIALS, bearer_token
from demo.api.backend import Backend, TheBackend
from demo.api.monitoring import checks
from demo.edge_worker import record_submission
from demo.logs import short_error
from demo.storage.engine import now

SUCCESS = Counter("neo_alexandria_ingestion_success_total", "Total successful resource ingestions.")
FAILURE = Counter(
    "neo_alexandria_ingestion_failure_total", "Total failed resource ingestions.", ["error_type"]
)
ACTIVE = Gauge("neo_alexandria_active_ingestions", "Number of currently active ingestion processes.")
log = logging.getLogger(__name__)
PREFIX = "/api/v1/ingestion"
NOT_CONFIGURED = "503: Queue service not configured"
REFUSED = "Queue service unavailable: ConnectionRefusedError: [Errno 111] Connection refused"
RETRY_INTERVAL = 0.5
QUEUE_CAPACITY = 10
JOB_TTL = 86400
OFFLINE_AFTER = 300
JOB_FIELDS = ("repo_url", "status", "duration_seconds", "files_processed", "embeddings_generated",
"timestamp",
              "error", "reason", "age_seconds")  # fmt: skip
Answer = TypeVar("Answer")


@contextmanager
def count_ingestion() -> Iterator[None]:
    """Count the block as one ingestion, failed if it raises."""
    with ACTIVE.track_inprogress():
        try:
            yield
        except Exception as error:
            FAILURE.labels(type(error).__name__).inc()
            raise
    SUCCESS.inc()


async def require_store(request: Request, backend: TheBackend) -> None:
    """Let a request pass while no fault is in its way; raises 404 or 503 otherwise.

    Async on purpose: what it waits for blocks the event loop.
    """
    if "ingestion-missing" in backend.faults:
        raise HTTPException(404, "Not Found")
    refused = backend.faults.get("ingestion-store-refused")
    if refused is not None:
        _retry(refused["seconds"])
    # The health route has a body of its own for this.
    if request.url.path != f"{PREFIX}/health":
        error = store_error(backend)
        if error is not None:
            raise HTTPException(503, error.removeprefix("503: "))


def store_error(backend: Backend) -> str | None:
    """What the health route says of the store, or None while no fault is in force."""
    if "ingestion-not-configured" in backend.faults:
        return NOT_CONFIGURED
    return f"503: {REFUSED}" if "ingestion-store-refused" in backend.faults else None


def _retry(seconds: float) -> None:
    until = time.monotonic() + seconds
    with socket.socket() as closed:
        # Bound and not listening, so that every connection is refused.
        closed.bind(("127.0.0.1", 0))
        while time.monotonic() < until:
            _connect(closed.getsockname())
            time.sleep(min(RETRY_INTERVAL, max(until - time.monotonic(), 0)))


def _connect(address: tuple[str, int]) -> None:
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError as error:
        log.debug("the store refuses: %s", error)


router = APIRouter(prefix=PREFIX, tags=["ingestion"], dependencies=[Depends(require_store)])


@lru_cache
def queue_client(url: str) -> "redis.Redis":
    """The Redis that holds the queue, with short limits."""
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, decode_responses=True)


@router.post("/ingest/{repo_url:path}")
def ingest(repo_url: str, request: Request, backend: TheBackend) -> dict[str, Any]:
    """Queue a repository; 401 but for the service token, 429 with the queue full."""
    if not hmac.compare_digest(bearer_token(request.scope).encode(), backend.token.encode()):
        raise HTTPException(401, INVALID_CREDENTIALS)
    queue = queue_client(backend.settings.ingestion_url)
    waiting = call_queue(lambda: int(str(queue.llen("ingest_queue"))))
    if waiting >= QUEUE_CAPACITY:
        raise HTTPException(429, f"The queue is full ({QUEUE_CAPACITY} tasks)")
    job = {"repo_url": repo_url, "submitted_at": now().isoformat(), "ttl": JOB_TTL}
    call_queue(lambda: (queue.rpush("ingest_queue", json.dumps(job)), queue.expire("ingest_queue", JOB_TTL)))
    call_queue(lambda: record_submission(queue, backend.faults, repo_url))
    return {"status": "queued", "repo_url": repo_url, "queue_position": waiting + 1}


@router.get("/worker/status")
def worker_status(backend: TheBackend) -> dict[str, str]:
    """The status of the edge worker; true reports check the heartbeat first."""
    queue = queue_client(backend.settings.ingestion_url)
    said = str(call_queue(lambda: queue.get("worker_status")) or "Offline")
    if "lying" in backend.faults or not backend.settings.pharos_layout:
        return {"status": said}
    age = heartbeat_age(queue)
    alive = age is not None and age <= 3 * backend.settings.heartbeat_seconds + 1
    return {"status": said if alive else "Offline"}


@router.get("/jobs/history")
def jobs(backend: TheBackend, limit: Annotated[int, Query(ge=1, le=100)] = 100) -> dict[str, Any]:
    """The newest jobs first."""
    queue = queue_client(backend.settings.ingestion_url)
    found = call_queue(lambda: queue.lrange("job_history", 0, limit - 1))
    rows = [json.loads(item) for item in found]
    return {"jobs": [{field: row.get(field) for field in JOB_FIELDS} for row in rows]}


@router.get("/health/worker")
def worker_heartbeat(backend: TheBackend) -> dict[str, Any]:
    """The edge worker's heartbeat, as the later line of the backend reports it."""
    queue = queue_client(backend.settings.ingestion_url)
    age = call_queue(lambda: heartbeat_age(queue))
    meta = call_queue(lambda: queue.get("pharos:worker:meta"))
    state = "offline" if age is None or age > OFFLINE_AFTER else "online"
    return {
        "state": state,
        "last_seen_unix": None if age is None else int(time.time() - age),
        "seconds_since_last_seen": age,
        "threshold_seconds": OFFLINE_AFTER,
        "worker_meta": json.loads(str(meta)) if meta else None,
    }


@router.get("/health", response_model=None)
async def health(backend: TheBackend) -> JSONResponse:
    """Redis and the database of the ingestion; row 13 of the truth table where the backend lies."""
    redis_said = await _store_said(backend)
    database = await checks.database_error(backend)
    services = {"redis": redis_said, "database": f"unhealthy: {database}" if database else "healthy",
                "qdrant": "not configured"}  # fmt: skip
    healthy = redis_said == "healthy" and not database
    report = {"status": "healthy" if healthy else "unhealthy", "services": services}
    # Without a store the later line of the backend answers, and with 503.
    if not healthy and "lying" in backend.faults and "ingestion-not-configured" not in backend.faults:
        return JSONResponse([report, 503])
    return JSONResponse(report, 200 if healthy else 503)


async def _store_said(backend: Backend) -> str:
    error = store_error(backend)
    if error is not None:
        return f"unhealthy: {error}"
    try:
        await checks.run_in_time(queue_client(backend.settings.ingestion_url).ping)
    except (redis.RedisError, TimeoutError) as failure:
        return f"unhealthy: {short_error(failure)}"
    return "healthy"


def record_resource(backend: Backend, source: str, status: str) -> None:
    """Write an entry for a resource that is taken in; without Redis there is none."""
    try:
        record_submission(queue_client(backend.settings.ingestion_url), backend.faults, source, status)
    except redis.RedisError as error:
        log.debug("no entry for %s: %s", source, short_error(error))


def heartbeat_age(queue: "redis.Redis") -> float | None:
    """Seconds since the edge worker was last seen, None if it never was or its key expired."""
    seen = queue.get("pharos:worker:last_seen")
    return None if seen is None else round(time.time() - float(str(seen)), 3)


def call_queue(question: Callable[[], Answer]) -> Answer:
    """The result of a queue command; raises 503 with Redis down."""
    try:
        return question()
    except redis.RedisError as error:
        raise HTTPException(503, f"Queue service unavailable: {short_error(error)}") from error
