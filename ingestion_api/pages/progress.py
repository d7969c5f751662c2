"""How far a job is, for eyes and for ears."""

from dataclasses import dataclass

from ingestion_api.jobs.states import ACTIVE
from ingestion_api.store.tables import Job

_STATE_TEXTS = {
    "pending": "is waiting",
    "complete": "is complete",
    "failed": "failed",
    "skipped": "was skipped",
    "cancelled": "was cancelled",
}


@dataclass(frozen=True)
class ProgressBar:
    """One bar: so many of so many; `total` is None while it is not known."""

    name: str
    done: int
    total: int | None

    @property
    def percent(self) -> int:
        """How much of it is done, 0..100."""
        return min(100, 100 * self.done // self.total) if self.total else 0


def progress_bars(job: Job) -> list[ProgressBar]:
    """Return the bars that say something about a job."""
    found = []
    if job.files_total is not None or job.files_processed is not None:
        found.append(ProgressBar("Files", job.files_processed or 0, job.files_total))
    if job.embeddings_total is not None or job.embeddings_generated is not None:
        found.append(ProgressBar("Sparse embeddings", job.embeddings_generated or 0, job.embeddings_total))
    return found


def announcement(job: Job) -> str:
    """Return what a live region says; it changes by quarters, since every step would be a chatter."""
    if job.state not in ACTIVE or job.state == "pending":
        return f"Job {job.id} {_STATE_TEXTS[job.state]}."
    bars = [bar for bar in progress_bars(job) if bar.total]
    if not bars:
        return f"Job {job.id} is running."
    return f"Job {job.id} is running: {bars[-1].name} {bars[-1].percent // 25 * 25} percent."
