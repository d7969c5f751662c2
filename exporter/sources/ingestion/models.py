"""The ingestion queues, the edge worker, and the history of jobs."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.metrics import HistogramData

WORKER_STATES = ("idle", "training", "error", "offline", "unknown")


@dataclass(frozen=True)
class IngestionQueue:
    """One queue: its length, its capacity, and when the oldest item was queued (Unix seconds)."""

    name: str
    length: float
    capacity: float | None = None
    oldest: float | None = None


@dataclass(frozen=True)
class IngestionQueues:
    """Every queue of this backend, and the number of dead letters."""

    queues: tuple[IngestionQueue, ...]
    dead_letters: float | None = None


@dataclass(frozen=True)
class EdgeWorker:
    """What a worker reports about itself, and its last heartbeat (Unix seconds)."""

    name: str = "edge"
    reported_state: str | None = None
    last_seen: float | None = None
    version: str | None = None
    embedding_model: str | None = None
    drained: float | None = None

    @property
    def is_silent(self) -> bool:
        """Whether it has reported nothing at all."""
        return self.reported_state is None and self.last_seen is None

    @property
    def state(self) -> str:
        """The state that the worker last reported; it stays when the worker dies."""
        word = (self.reported_state or "").strip().lower()
        known = (s for s in WORKER_STATES if word.startswith(s))
        return next(known, "unknown")

    def is_alive(self, now: float, timeout: float) -> bool | None:
        """Whether its last heartbeat is at most `timeout` seconds old; None without a heartbeat."""
        return None if self.last_seen is None else now - self.last_seen <= timeout

    def status(self, now: float, timeout: float) -> str:
        """The observed status: a worker without a heartbeat is unknown, whatever it reports."""
        is_alive = self.is_alive(now, timeout)
        if is_alive is None:
            return "unknown"
        if not is_alive or self.state == "offline":
            return "down"
        return "degraded" if self.state == "error" else "healthy"


@dataclass(frozen=True)
class IngestionJob:
    """One entry of the backend's history of finished jobs; missing values are None."""

    state: str
    seconds: float | None = None
    files: float | None = None
    embeddings: float | None = None
    ended: float | None = None
    name: str | None = None  # the ID, where the history has one


@dataclass(frozen=True)
class JobTotals:
    """Counters of the jobs that joined the history since the exporter first read it."""

    ended: Mapping[str, float]
    files: float
    embeddings: float
    seconds: HistogramData


@dataclass(frozen=True)
class JobHistory:
    """The newest finished jobs, a window that old ones leave, and the totals since the first poll."""

    jobs: tuple[IngestionJob, ...]
    totals: JobTotals


@dataclass(frozen=True)
class IngestionHealth:
    """The backend's report of its ingestion: one of our statuses, overall and by service."""

    status: str
    http_status: int
    services: dict[str, str]
