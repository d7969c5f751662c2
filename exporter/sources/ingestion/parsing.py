"""How the ingestion's texts are read: queue items, finished jobs, the worker's note, the health answer."""

import json
from collections.abc import Iterable
from contextlib import suppress

from exporter.errors import InvalidResponse
from exporter.sources.http_response import HttpResponse
from exporter.sources.ingestion.models import EdgeWorker, IngestionHealth, IngestionJob
from exporter.sources.json_object import JsonObject, is_number, unix_seconds

JOB_STATES = ("queued", "running", "complete", "failed", "skipped", "other")
STATE_WORDS = {
    "queued": ("queued", "pending"),
    "running": ("running", "processing", "dispatched", "in_progress", "started"),
    "complete": ("complete", "completed", "done", "success"),
    "failed": ("failed", "error"),
    "skipped": ("skipped", "expired"),
}
MAX_LENGTH = 65_536  # characters of one text; no honest item comes near
QUEUED_AT_FIELDS = ("submitted_at", "created_at", "enqueued_at", "queued_at", "timestamp")
ENDED_AT_FIELDS = ("completed_at", "finished_at", "timestamp")
JOB_ID_FIELDS = ("job_id", "task_id", "id")
STATUS_BY_WORD = {
    "healthy": "healthy", "ok": "healthy", "degraded": "degraded", "unhealthy": "down", "offline": "down",
}  # fmt: skip


def parse_json_object(text: object, name: str) -> JsonObject:
    """The JSON object in this text; an empty one where there is none."""
    body: object = None
    if isinstance(text, str) and len(text) <= MAX_LENGTH:
        with suppress(ValueError, RecursionError):
            body = json.loads(text)
    return JsonObject(body if isinstance(body, dict) else {}, name)


def oldest_queued_at(items: Iterable[object]) -> float | None:
    """Unix time at which the oldest of these queue items was put in."""
    times = (first_timestamp(parse_json_object(item, "ingestion queue"), QUEUED_AT_FIELDS) for item in items)
    return min((time for time in times if time is not None), default=None)


def first_timestamp(item: JsonObject, names: Iterable[str]) -> float | None:
    """The first of these fields that is a time."""
    return next((at for at in (backend_time(item.at(name)) for name in names) if at is not None), None)


def backend_time(value: object) -> float | None:
    """Unix seconds of a time that the backend wrote; one without a zone is UTC."""
    return unix_seconds(value)


def parse_job_state(item: JsonObject) -> str:
    """Our word for the state of a job, whichever of the backend's words it carries."""
    word = (item.text("status") or item.text("state") or "").lower()
    return next((state for state, words in STATE_WORDS.items() if word in words), "other")


def parse_job(item: JsonObject) -> IngestionJob:
    """A finished job as the history tells it."""
    return IngestionJob(
        state=parse_job_state(item),
        seconds=non_negative(item.number("duration_seconds")),
        files=non_negative(item.number("files_processed")),
        embeddings=non_negative(item.number("embeddings_generated")),
        ended=first_timestamp(item, ENDED_AT_FIELDS),
        name=parse_job_name(item),
    )


def parse_job_name(item: JsonObject) -> str | None:
    """What tells the job from every other; a number where the backend counts its jobs."""
    values = (item.at(name) for name in JOB_ID_FIELDS)
    found = next(
        (v for v in values if isinstance(v, str | int) and not isinstance(v, bool) and v != ""), None
    )
    return None if found is None else str(found)[:200]


def non_negative(value: float | None) -> float | None:
    """The number unless it is below zero, which no duration and no count can be."""
    return value if value is not None and value >= 0 else None


def parse_edge_worker(says: object, last_seen: object, meta: JsonObject | None) -> EdgeWorker:
    """The worker as its keys tell it; an empty text is a missing one."""
    meta = meta or JsonObject({}, "ingestion worker")
    return EdgeWorker(
        says=says if isinstance(says, str) and says else None,
        last_seen=parse_number(last_seen),
        version=meta.text("version"),
        embedding_model=meta.text("embedding_model"),
        drained=non_negative(meta.number("queue_drained_count")),
    )


def parse_number(text: object) -> float | None:
    """The number in this text."""
    try:
        value = float(text) if isinstance(text, str | int | float) else None
    except (ValueError, OverflowError):
        return None
    return value if is_number(value) else None


def parse_health(reply: HttpResponse, system: str = "backend ingestion") -> IngestionHealth:
    """The health answer in either of its shapes, `{...}` or `[{...}, 503]`. Raises BadAnswer otherwise."""
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        raise InvalidResponse(f"{system} health answered with something that is not JSON") from None
    if isinstance(body, list) and body:
        body = body[0]
    said = JsonObject(body, f"{system} health")
    services = said.object("services")
    known = {name: parse_service_status(services.text(name)) for name in services.keys()}  # noqa: SIM118  (no dict)
    there = {name: status for name, status in known.items() if status}
    # what is not configured is no trouble: without any service that is there, nothing is known
    is_absent = bool(known) and not there
    status = parse_service_status(said.text("status")) or "unknown"
    return IngestionHealth("unknown" if is_absent else status, reply.status, there)


def parse_service_status(text: str | None) -> str:
    """Our status for the backend's words; empty for a service that it says it does not have."""
    words = (text or "").lower()
    if "not configured" in words:
        return ""
    return next((ours for theirs, ours in STATUS_BY_WORD.items() if words.startswith(theirs)), "unknown")
