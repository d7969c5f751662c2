"""How the answers of the ingestion service are read."""

from exporter.errors import BadAnswer
from exporter.sources.document import Document
from exporter.sources.ingestion.answers import Job
from exporter.sources.ingestion.reading import natural
from exporter.sources.service.answers import (
    ENDED,
    KINDS,
    WORKER_STATES,
    Embeddings,
    Queue,
    Run,
    Worker,
    Workers,
)
from exporter.status import meaning

FIELDS = {
    "pending": "pending",
    "processing": "processing",
    "completed": "complete",
    "failed": "failed",
    "skipped": "skipped",
    "cancelled": "cancelled",
}
OTHER = "other"


def queue(said: Document) -> Queue:
    """The counts of jobs. Raises BadAnswer when it counts none."""
    found = {state: natural(said.number(field)) for field, state in FIELDS.items()}
    jobs = {state: count for state, count in found.items() if count is not None}
    if not jobs:
        raise BadAnswer("service /queue answered without counts of jobs; expected numbers from 0 up")
    return Queue(jobs, natural(said.number("max_queue_size")))


def job(item: Document) -> Job:
    """A job of the history."""
    state = item.text("status")
    return Job(
        state=state if state in ENDED else OTHER,
        seconds=natural(item.number("duration_seconds")),
        files=natural(item.number("files_processed")),
        embeddings=natural(item.number("embeddings_generated")),
        ended=item.moment("timestamp"),
    )


def workers(said: Document) -> Workers:
    """The workers; one without a name cannot be shown."""
    word = (said.text("status") or "").strip().lower()
    state = next((s for s in WORKER_STATES if word.startswith(s)), "unknown")
    found = (worker(item) for item in said.parts("workers"))
    return Workers(state, tuple(one for one in found if one is not None))


def worker(item: Document) -> Worker | None:
    """One worker."""
    name, kind, jobs = item.text("id"), item.text("type"), item.at("job_ids")
    if not name:
        return None
    return Worker(
        name=name,
        kind=kind if kind in KINDS else OTHER,
        reported=meaning(item.text("status")),
        heartbeat=item.moment("last_heartbeat"),
        gpu=item.flag("gpu_available"),
        jobs=float(len(jobs)) if isinstance(jobs, list) else 0.0,
    )


def embeddings(said: Document) -> Embeddings:
    """The state of the sparse embeddings."""
    covered = said.part("coverage")
    resources = {"with": covered.number("embedded"), "without": covered.number("missing")}
    return Embeddings(
        running=run(said, "running"),
        remaining=natural(said.number("remaining_seconds")),
        last_success=run(said, "last_success"),
        last_run=run(said, "last_run"),
        resources={state: count for state, count in resources.items() if count is not None and count >= 0},
        by_model=covered.numbers("by_model"),
    )


def run(said: Document, name: str) -> Run | None:
    """The generation of this name, None where there was none."""
    if not isinstance(said.at(name), dict):
        return None
    item = said.part(name)
    return Run(
        state=item.text("status"),
        started=item.moment("started_at"),
        ended=item.moment("ended_at"),
        total=natural(item.number("total")),
        done=natural(item.number("done")),
    )
