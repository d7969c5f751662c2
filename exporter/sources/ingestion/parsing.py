"""Parsers of the ingestion's queue items, finished jobs, worker state and health report."""

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
MAX_LENGTH = 65_536  # characters of one text; real items are far shorter
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
    """Unix time at which the oldest of these items was queued."""
    times = (first_timestamp(parse_json_object(item, "ingestion queue"), QUEUED_AT_FIELDS) for item in items)
    return min((time for time in times if time is not None), default=None)


def first_timestamp(item: JsonObject, names: Iterable[str]) -> float | None:
    """The first of these fields that is a time."""
    return next((at for at in (unix_seconds(item.at(name)) for name in names) if at is not None), None)


def parse_job_state(item: JsonObject) -> str:
    """The state of a job, from any of the backend's words for it."""
    word = (item.text("status") or item.text("state") or "").lower()
    return next((state for state, words in STATE_WORDS.items() if word in words), "other")


def parse_job(item: JsonObject) -> IngestionJob:
    """A finished job of the history."""
    return IngestionJob(
        state=parse_job_state(item),
        seconds=non_negative(item.number("duration_seconds")),
        files=non_negative(item.number("files_processed")),
        embeddings=non_negative(item.number("embeddings_generated")),
        ended=first_timestamp(item, ENDED_AT_FIELDS),
        name=parse_job_name(item),
    )


def parse_job_name(item: JsonObject) -> str | None:
    """The ID of the job, which may be a number."""
    values = (item.at(name) for name in JOB_ID_FIELDS)
    found = next(
        (v for v in values if isinstance(v, str | int) and not isinstance(v, bool) and v != ""), None
    )
    return None if found is None else str(found)[:200]


def non_negative(value: float | None) -> float | None:
    """The number; None where it is negative, as no duration and no count is."""
    return value if value is not None and value >= 0 else None


def parse_edge_worker(state: object, last_seen: object, meta: JsonObject | None) -> EdgeWorker:
    """The worker, from its Redis keys; an empty text counts as missing."""
    meta = meta or JsonObject({}, "ingestion worker")
    return EdgeWorker(
        reported_state=state if isinstance(state, str) and state else None,
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
    """The health report, from `{...}` or `[{...}, 503]`. Raises InvalidResponse for anything else."""
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        raise InvalidResponse(f"{system} health responded with something that is not JSON") from None
    if isinstance(body, list) and body:
        body = body[0]
    report = JsonObject(body, f"{system} health")
    services = report.object("services")
    known = {name: parse_service_status(services.text(name)) for name in services.keys()}  # noqa: SIM118  (no dict)
    configured = {name: status for name, status in known.items() if status}
    # services that are not configured are no failure; without any other, the status is unknown
    is_absent = bool(known) and not configured
    status = parse_service_status(report.text("status")) or "unknown"
    return IngestionHealth("unknown" if is_absent else status, reply.status, configured)


def parse_service_status(text: str | None) -> str:
    """The status from the backend's words; empty for a service that is not configured."""
    words = (text or "").lower()
    if "not configured" in words:
        return ""
    return next((ours for theirs, ours in STATUS_BY_WORD.items() if words.startswith(theirs)), "unknown")
