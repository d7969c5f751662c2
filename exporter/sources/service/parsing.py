"""How the answers of the ingestion service are read."""

from exporter.errors import InvalidResponse
from exporter.sources.ingestion.models import IngestionJob
from exporter.sources.ingestion.parsing import non_negative
from exporter.sources.json_object import JsonObject
from exporter.sources.service.models import (
    END_STATES,
    KINDS,
    WORKER_STATES,
    EmbeddingRun,
    EmbeddingState,
    ServiceQueue,
    ServiceWorker,
    ServiceWorkers,
)
from exporter.status import parse_status

STATES_BY_FIELD = {
    "pending": "pending",
    "processing": "processing",
    "completed": "complete",
    "failed": "failed",
    "skipped": "skipped",
    "cancelled": "cancelled",
}
OTHER = "other"


def parse_queue(said: JsonObject) -> ServiceQueue:
    """The counts of jobs. Raises BadAnswer when it counts none."""
    found = {state: non_negative(said.number(field)) for field, state in STATES_BY_FIELD.items()}
    jobs = {state: count for state, count in found.items() if count is not None}
    if not jobs:
        raise InvalidResponse("service /queue answered without counts of jobs; expected numbers from 0 up")
    return ServiceQueue(jobs, non_negative(said.number("max_queue_size")))


def parse_job(item: JsonObject) -> IngestionJob:
    """A job of the history."""
    state = item.text("status")
    return IngestionJob(
        state=state if state in END_STATES else OTHER,
        seconds=non_negative(item.number("duration_seconds")),
        files=non_negative(item.number("files_processed")),
        embeddings=non_negative(item.number("embeddings_generated")),
        ended=item.timestamp("timestamp"),
    )


def parse_workers(said: JsonObject) -> ServiceWorkers:
    """The workers; one without a name cannot be shown."""
    word = (said.text("status") or "").strip().lower()
    state = next((s for s in WORKER_STATES if word.startswith(s)), "unknown")
    found = (parse_worker(item) for item in said.objects("workers"))
    return ServiceWorkers(state, tuple(one for one in found if one is not None))


def parse_worker(item: JsonObject) -> ServiceWorker | None:
    """One worker."""
    name, kind, jobs = item.text("id"), item.text("type"), item.at("job_ids")
    if not name:
        return None
    return ServiceWorker(
        name=name,
        kind=kind if kind in KINDS else OTHER,
        reported=parse_status(item.text("status")),
        heartbeat=item.timestamp("last_heartbeat"),
        gpu=item.boolean("gpu_available"),
        jobs=float(len(jobs)) if isinstance(jobs, list) else 0.0,
    )


def parse_embeddings(said: JsonObject) -> EmbeddingState:
    """The state of the sparse embeddings."""
    covered = said.object("coverage")
    resources = {"with": covered.number("embedded"), "without": covered.number("missing")}
    return EmbeddingState(
        running=parse_run(said, "running"),
        remaining=non_negative(said.number("remaining_seconds")),
        last_success=parse_run(said, "last_success"),
        last_run=parse_run(said, "last_run"),
        resources={state: count for state, count in resources.items() if count is not None and count >= 0},
        by_model=covered.numbers("by_model"),
    )


def parse_run(said: JsonObject, name: str) -> EmbeddingRun | None:
    """The generation of this name, None where there was none."""
    if not isinstance(said.at(name), dict):
        return None
    item = said.object(name)
    return EmbeddingRun(
        state=item.text("status"),
        started=item.timestamp("started_at"),
        ended=item.timestamp("ended_at"),
        total=non_negative(item.number("total")),
        done=non_negative(item.number("done")),
    )
