"""What the ingestion queue and its worker are known to be, as the sources tell it."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.metrics import HistogramData

WORKER_STATES = ("idle", "training", "error", "offline", "unknown")


@dataclass(frozen=True)
class IngestionQueue:
    """One queue: how many items wait, how many it takes, when the oldest was put in (Unix seconds)."""

    name: str
    length: float
    capacity: float | None = None
    oldest: float | None = None


@dataclass(frozen=True)
class IngestionQueues:
    """Every queue that this backend has, and the items that were given up."""

    queues: tuple[IngestionQueue, ...]
    dead_letters: float | None = None


@dataclass(frozen=True)
class EdgeWorker:
    """What a worker wrote about itself, and when it last gave a sign of life (Unix seconds)."""

    name: str = "edge"
    says: str | None = None
    last_seen: float | None = None
    version: str | None = None
    embedding_model: str | None = None
    drained: float | None = None

    @property
    def silent(self) -> bool:
        """Whether it left no trace at all."""
        return self.says is None and self.last_seen is None

    @property
    def state(self) -> str:
        """The state that the worker last wrote; nobody rewrites it when the worker dies."""
        word = (self.says or "").strip().lower()
        known = (s for s in WORKER_STATES if word.startswith(s))
        return next(known, "unknown")

    def up(self, now: float, timeout: float) -> bool | None:
        """Whether its last sign of life is at most `timeout` seconds old; None where it never gave one."""
        return None if self.last_seen is None else now - self.last_seen <= timeout

    def status(self, now: float, timeout: float) -> str:
        """What is observed of it: a worker without a heartbeat is unknown, whatever it wrote."""
        up = self.up(now, timeout)
        if up is None:
            return "unknown"
        if not up or self.state == "offline":
            return "down"
        return "degraded" if self.state == "error" else "healthy"


@dataclass(frozen=True)
class IngestionJob:
    """One entry of the backend's history of finished jobs; what it does not say is None."""

    state: str
    seconds: float | None = None
    files: float | None = None
    embeddings: float | None = None
    ended: float | None = None
    name: str | None = None  # what tells it from every other job, where the history says


@dataclass(frozen=True)
class JobTotals:
    """The jobs that joined the history since the exporter first read it: what counters may be made of."""

    ended: Mapping[str, float]
    files: float
    embeddings: float
    seconds: HistogramData


@dataclass(frozen=True)
class JobHistory:
    """The newest finished jobs, a window that old ones leave, and the totals since the first look."""

    jobs: tuple[IngestionJob, ...]
    totals: JobTotals


@dataclass(frozen=True)
class IngestionHealth:
    """What the backend reports of its ingestion: a status of ours, overall and by service."""

    status: str
    http_status: int
    services: dict[str, str]
