"""The ingestion routes: a short queue of repositories in Redis for the edge worker."""

import hmac
import json
import logging
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, TypeVar

import redis
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import JSONResponse

from demo.api.backend import Backend, TheBackend
from demo.api.guard import NOT_GOOD, bearer
from demo.api.ingestion_store import PREFIX, store, store_error
from demo.api.monitoring import checks
from demo.edge.history import note_submission
from demo.logs import in_short
from demo.storage.engine import now

router = APIRouter(prefix=PREFIX, tags=["ingestion"], dependencies=[Depends(store)])
log = logging.getLogger(__name__)
CAPACITY = 10
DAY = 86400
THRESHOLD = 300
JOB_FIELDS = ("repo_url", "status", "duration_seconds", "files_processed", "embeddings_generated",
"timestamp",
              "error", "reason", "age_seconds")  # fmt: skip
Answer = TypeVar("Answer")


@lru_cache
def queue_at(url: str) -> "redis.Redis":
    """The Redis that holds the queue, with short limits."""
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, decode_responses=True)


@router.post("/ingest/{repo_url:path}")
def ingest(repo_url: str, request: Request, backend: TheBackend) -> dict[str, Any]:
    """Queue a repository; 401 but for the service token, 429 with the queue full."""
    if not hmac.compare_digest(bearer(request.scope).encode(), backend.token.encode()):
        raise HTTPException(401, NOT_GOOD)
    queue = queue_at(backend.settings.ingestion_url)
    waiting = asked(lambda: int(str(queue.llen("ingest_queue"))))
    if waiting >= CAPACITY:
        raise HTTPException(429, f"The queue is full ({CAPACITY} tasks)")
    job = {"repo_url": repo_url, "submitted_at": now().isoformat(), "ttl": DAY}
    asked(lambda: (queue.rpush("ingest_queue", json.dumps(job)), queue.expire("ingest_queue", DAY)))
    asked(lambda: note_submission(queue, backend.faults, repo_url))
    return {"status": "queued", "repo_url": repo_url, "queue_position": waiting + 1}


@router.get("/worker/status")
def worker_status(backend: TheBackend) -> dict[str, str]:
    """What the edge worker does; honest reports ask the heartbeat before they believe the last word."""
    queue = queue_at(backend.settings.ingestion_url)
    said = str(asked(lambda: queue.get("worker_status")) or "Offline")
    if "lying" in backend.faults or not backend.settings.pharos_layout:
        return {"status": said}
    age = heartbeat_age(queue)
    alive = age is not None and age <= 3 * backend.settings.heartbeat_seconds + 1
    return {"status": said if alive else "Offline"}


@router.get("/jobs/history")
def jobs(backend: TheBackend, limit: Annotated[int, Query(ge=1, le=100)] = 100) -> dict[str, Any]:
    """The newest jobs first."""
    queue = queue_at(backend.settings.ingestion_url)
    found = asked(lambda: queue.lrange("job_history", 0, limit - 1))
    rows = [json.loads(item) for item in found]
    return {"jobs": [{field: row.get(field) for field in JOB_FIELDS} for row in rows]}


@router.get("/health/worker")
def worker_heartbeat(backend: TheBackend) -> dict[str, Any]:
    """The edge worker's heartbeat, as the later line of the backend reports it."""
    queue = queue_at(backend.settings.ingestion_url)
    age = asked(lambda: heartbeat_age(queue))
    meta = asked(lambda: queue.get("pharos:worker:meta"))
    state = "offline" if age is None or age > THRESHOLD else "online"
    return {
        "state": state,
        "last_seen_unix": None if age is None else int(time.time() - age),
        "seconds_since_last_seen": age,
        "threshold_seconds": THRESHOLD,
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
        await checks.in_time(queue_at(backend.settings.ingestion_url).ping)
    except (redis.RedisError, TimeoutError) as failure:
        return f"unhealthy: {in_short(failure)}"
    return "healthy"


def note_resource(backend: Backend, source: str, status: str) -> None:
    """Write an entry for a resource that is taken in; without Redis there is none."""
    try:
        note_submission(queue_at(backend.settings.ingestion_url), backend.faults, source, status)
    except redis.RedisError as error:
        log.debug("no entry for %s: %s", source, in_short(error))


def heartbeat_age(queue: "redis.Redis") -> float | None:
    """Seconds since the edge worker was last seen, None if it never was or its key expired."""
    seen = queue.get("pharos:worker:last_seen")
    return None if seen is None else round(time.time() - float(str(seen)), 3)


def asked(question: Callable[[], Answer]) -> Answer:
    """The queue's answer; raises 503 with Redis down."""
    try:
        return question()
    except redis.RedisError as error:
        raise HTTPException(503, f"Queue service unavailable: {in_short(error)}") from error
