"""TODO."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from exporter.errors import InvalidResponse, RequestFailed
from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.settings import ServiceSettings
from exporter.sources.base import BaseSource
from exporter.sources.http_client import BearerToken, HttpClient
from exporter.sources.ingestion.history import JobHistoryCounter
from exporter.sources.ingestion.models import IngestionHealth, IngestionJob, JobHistory
from exporter.sources.ingestion.parsing import non_negative, parse_health
from exporter.sources.json_object import JsonObject
from exporter.status import parse_status

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


T = TypeVar("T")
ROUTES = "/api/v1/ingestion"
NAME = "service"
WINDOW = 100  # the most that the contract's history gives


class ServiceSource(BaseSource):
    """The questions put to the service; it is read without a token, since whoever watches need not act."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.client = (
            HttpClient(settings.url, BearerToken(None, None), settings.max_bytes, NAME)
            if settings.url
            else None
        )
        self._tally = JobHistoryCounter((*END_STATES, OTHER), parse_job)
        often = PollPolicy(settings.timeout, interval=settings.period)
        seldom = PollPolicy(settings.timeout, interval=settings.embeddings_period)
        put = self._put
        self.health: Poller[IngestionHealth] = put("health", self._health, often)
        self.queue: Poller[ServiceQueue] = put("queue", self._queue, often)
        self.history: Poller[JobHistory] = put("history", self._history, often)
        self.workers: Poller[ServiceWorkers] = put("workers", self._workers, often)
        self.embeddings: Poller[EmbeddingState] = put("embeddings", self._embeddings, seldom)

    async def close(self) -> None:
        """Close the connections."""
        if self.client is not None:
            await self.client.close()

    def _put(self, name: str, ask: Callable[[HttpClient], Awaitable[T]], pace: PollPolicy) -> Poller[T]:
        client = self.client
        return Poller(f"{NAME} {name}", None if client is None else lambda: ask(client), pace)

    async def _health(self, client: HttpClient) -> IngestionHealth:
        reply = await client.get(f"{ROUTES}/health")
        if reply.status not in (200, 503):
            raise RequestFailed(f"service health answered {reply.status}; expected 200 or 503", reply.status)
        return parse_health(reply, NAME)

    async def _queue(self, client: HttpClient) -> ServiceQueue:
        return parse_queue(await client.get_json(f"{ROUTES}/queue"))

    async def _history(self, client: HttpClient) -> JobHistory:
        said = await client.get_json(f"{ROUTES}/jobs/history?limit={WINDOW}")
        jobs = said.at("jobs")
        known = jobs[:WINDOW] if isinstance(jobs, list) else []
        return self._tally.history(json.dumps(item, sort_keys=True) for item in known)

    async def _workers(self, client: HttpClient) -> ServiceWorkers:
        return parse_workers(await client.get_json(f"{ROUTES}/worker/status"))

    async def _embeddings(self, client: HttpClient) -> EmbeddingState:
        return parse_embeddings(await client.get_json("/admin/sparse-embeddings/status"))
