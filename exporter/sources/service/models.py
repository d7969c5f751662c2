"""What the ingestion service says, read with suspicion; what it does not say is None."""

from dataclasses import dataclass

JOB_STATES = ("pending", "processing", "complete", "failed", "skipped", "cancelled")
END_STATES = JOB_STATES[2:]
KINDS = ("cloud", "edge")
WORKER_STATES = ("idle", "training", "error", "offline", "unknown")


@dataclass(frozen=True)
class ServiceQueue:
    """Jobs by state, as far as the service tells them, and how many it lets wait."""

    jobs: dict[str, float]
    capacity: float | None


@dataclass(frozen=True)
class ServiceWorker:
    """One worker: what the service says of it, and when it was last heard of (Unix seconds)."""

    name: str
    kind: str
    reported: str  # a status of ours
    heartbeat: float | None
    gpu: bool | None
    jobs: float

    def status(self, now: float, timeout: float) -> str:
        """What its heartbeat says: one that never came says nothing."""
        if self.heartbeat is None:
            return "unknown"
        return "healthy" if now - self.heartbeat <= timeout else "down"


@dataclass(frozen=True)
class ServiceWorkers:
    """All workers, and the service's one word for what they do."""

    state: str
    each: tuple[ServiceWorker, ...]


@dataclass(frozen=True)
class EmbeddingRun:
    """One generation of sparse embeddings; moments in Unix seconds."""

    state: str | None = None
    started: float | None = None
    ended: float | None = None
    total: float | None = None
    done: float | None = None


@dataclass(frozen=True)
class EmbeddingState:
    """The generation under way, the last ones, and how many resources have a vector."""

    running: EmbeddingRun | None
    remaining: float | None  # seconds
    last_success: EmbeddingRun | None
    last_run: EmbeddingRun | None
    resources: dict[str, float]  # with, without
    by_model: dict[str, float]
