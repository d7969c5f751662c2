"""How the ingestion's texts are read: queue items, finished jobs, the worker's note, the health answer."""

import json
from collections.abc import Iterable
from contextlib import suppress

from exporter.errors import BadAnswer
from exporter.sources.backend.client import HttpResponse
from exporter.sources.document import Document, is_number, unix_seconds
from exporter.sources.ingestion.answers import Health, Job, Worker

JOB_STATES = ("queued", "running", "complete", "failed", "skipped", "other")
MEANINGS = {
    "queued": ("queued", "pending"),
    "running": ("running", "processing", "dispatched", "in_progress", "started"),
    "complete": ("complete", "completed", "done", "success"),
    "failed": ("failed", "error"),
    "skipped": ("skipped", "expired"),
}
LONGEST = 65_536  # characters of one text; no honest item comes near
QUEUED_AT = ("submitted_at", "created_at", "enqueued_at", "queued_at", "timestamp")
ENDED_AT = ("completed_at", "finished_at", "timestamp")
NAMES = ("job_id", "task_id", "id")
HEALTH_WORDS = {
    "healthy": "healthy", "ok": "healthy", "degraded": "degraded", "unhealthy": "down", "offline": "down",
}  # fmt: skip


def document(text: object, name: str) -> Document:
    """The JSON object in this text; an empty one where there is none."""
    body: object = None
    if isinstance(text, str) and len(text) <= LONGEST:
        with suppress(ValueError, RecursionError):
            body = json.loads(text)
    return Document(body if isinstance(body, dict) else {}, name)


def queued_at(items: Iterable[object]) -> float | None:
    """Unix time at which the oldest of these queue items was put in."""
    times = (moment(document(item, "ingestion queue"), QUEUED_AT) for item in items)
    return min((time for time in times if time is not None), default=None)


def moment(item: Document, names: Iterable[str]) -> float | None:
    """The first of these fields that is a time."""
    return next((at for at in (backend_time(item.at(name)) for name in names) if at is not None), None)


def backend_time(value: object) -> float | None:
    """Unix seconds of a time that the backend wrote; one without a zone is UTC."""
    return unix_seconds(value)


def job_state(item: Document) -> str:
    """Our word for the state of a job, whichever of the backend's words it carries."""
    word = (item.text("status") or item.text("state") or "").lower()
    return next((state for state, words in MEANINGS.items() if word in words), "other")


def job(item: Document) -> Job:
    """A finished job as the history tells it."""
    return Job(
        state=job_state(item),
        seconds=natural(item.number("duration_seconds")),
        files=natural(item.number("files_processed")),
        embeddings=natural(item.number("embeddings_generated")),
        ended=moment(item, ENDED_AT),
        name=job_name(item),
    )


def job_name(item: Document) -> str | None:
    """What tells the job from every other; a number where the backend counts its jobs."""
    values = (item.at(name) for name in NAMES)
    found = next(
        (v for v in values if isinstance(v, str | int) and not isinstance(v, bool) and v != ""), None
    )
    return None if found is None else str(found)[:200]


def natural(value: float | None) -> float | None:
    """The number unless it is below zero, which no duration and no count can be."""
    return value if value is not None and value >= 0 else None


def worker(says: object, last_seen: object, meta: Document | None) -> Worker:
    """The worker as its keys tell it; an empty text is a missing one."""
    meta = meta or Document({}, "ingestion worker")
    return Worker(
        says=says if isinstance(says, str) and says else None,
        last_seen=seconds(last_seen),
        version=meta.text("version"),
        embedding_model=meta.text("embedding_model"),
        drained=natural(meta.number("queue_drained_count")),
    )


def seconds(text: object) -> float | None:
    """The number in this text."""
    try:
        value = float(text) if isinstance(text, str | int | float) else None
    except (ValueError, OverflowError):
        return None
    return value if is_number(value) else None


def health(reply: HttpResponse, system: str = "backend ingestion") -> Health:
    """The health answer in either of its shapes, `{...}` or `[{...}, 503]`. Raises BadAnswer otherwise."""
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        raise BadAnswer(f"{system} health answered with something that is not JSON") from None
    if isinstance(body, list) and body:
        body = body[0]
    said = Document(body, f"{system} health")
    services = said.part("services")
    known = {name: meaning(services.text(name)) for name in services.keys()}  # noqa: SIM118  (no dict)
    there = {name: status for name, status in known.items() if status}
    # what is not configured is no trouble: without any service that is there, nothing is known
    is_absent = bool(known) and not there
    status = meaning(said.text("status")) or "unknown"
    return Health("unknown" if is_absent else status, reply.status, there)


def meaning(text: str | None) -> str:
    """Our status for the backend's words; empty for a service that it says it does not have."""
    words = (text or "").lower()
    if "not configured" in words:
        return ""
    return next((ours for theirs, ours in HEALTH_WORDS.items() if words.startswith(theirs)), "unknown")
