"""The source of our own ingestion service, polled over HTTP: queue, workers, history and embeddings."""

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
    """Jobs by state, as far as the service reports them, and the capacity of the queue."""

    jobs: dict[str, float]
    capacity: float | None


@dataclass(frozen=True)
class ServiceWorker:
    """One worker: its reported status, and its last heartbeat (Unix seconds)."""

    name: str
    kind: str
    reported: str  # a status of ours
    heartbeat: float | None
    gpu: bool | None
    jobs: float

    def status(self, now: float, timeout: float) -> str:
        """The observed status, by its heartbeat; unknown without one."""
        if self.heartbeat is None:
            return "unknown"
        return "healthy" if now - self.heartbeat <= timeout else "down"


@dataclass(frozen=True)
class ServiceWorkers:
    """All workers, and the state that the service reports for all of them."""

    state: str
    each: tuple[ServiceWorker, ...]


@dataclass(frozen=True)
class EmbeddingRun:
    """One generation run of sparse embeddings; times in Unix seconds."""

    state: str | None = None
    started: float | None = None
    ended: float | None = None
    total: float | None = None
    done: float | None = None


@dataclass(frozen=True)
class EmbeddingState:
    """The run under way, the last ones, and the number of resources with a vector."""

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


def parse_queue(body: JsonObject) -> ServiceQueue:
    """The counts of jobs. Raises InvalidResponse without any."""
    found = {state: non_negative(body.number(field)) for field, state in STATES_BY_FIELD.items()}
    jobs = {state: count for state, count in found.items() if count is not None}
    if not jobs:
        raise InvalidResponse("service /queue responded without counts of jobs; expected numbers from 0 up")
    return ServiceQueue(jobs, non_negative(body.number("max_queue_size")))


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


def parse_workers(body: JsonObject) -> ServiceWorkers:
    """The workers; one without a name is left out."""
    word = (body.text("status") or "").strip().lower()
    state = next((s for s in WORKER_STATES if word.startswith(s)), "unknown")
    found = (parse_worker(item) for item in body.objects("workers"))
    return ServiceWorkers(state, tuple(it for it in found if it is not None))


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


def parse_embeddings(body: JsonObject) -> EmbeddingState:
    """The state of the sparse embeddings."""
    coverage = body.object("coverage")
    resources = {"with": coverage.number("embedded"), "without": coverage.number("missing")}
    return EmbeddingState(
        running=parse_run(body, "running"),
        remaining=non_negative(body.number("remaining_seconds")),
        last_success=parse_run(body, "last_success"),
        last_run=parse_run(body, "last_run"),
        resources={state: count for state, count in resources.items() if count is not None and count >= 0},
        by_model=coverage.numbers("by_model"),
    )


def parse_run(body: JsonObject, name: str) -> EmbeddingRun | None:
    """The run of this name; None where there was none."""
    if not isinstance(body.at(name), dict):
        return None
    item = body.object(name)
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
    """The pollers of the service; they send no token, since reading needs none."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.client = (
            HttpClient(settings.url, BearerToken(None, None), settings.max_bytes, NAME)
            if settings.url
            else None
        )
        self._history_counter = JobHistoryCounter((*END_STATES, OTHER), parse_job)
        often = PollPolicy(settings.timeout, interval=settings.period)
        seldom = PollPolicy(settings.timeout, interval=settings.embeddings_period)
        poller = self._poller
        self.health: Poller[IngestionHealth] = poller("health", self._health, often)
        self.queue: Poller[ServiceQueue] = poller("queue", self._queue, often)
        self.history: Poller[JobHistory] = poller("history", self._history, often)
        self.workers: Poller[ServiceWorkers] = poller("workers", self._workers, often)
        self.embeddings: Poller[EmbeddingState] = poller("embeddings", self._embeddings, seldom)

    async def close(self) -> None:
        """Close the connections."""
        if self.client is not None:
            await self.client.close()

    def _poller(self, name: str, call: Callable[[HttpClient], Awaitable[T]], policy: PollPolicy) -> Poller[T]:
        client = self.client
        return Poller(f"{NAME} {name}", None if client is None else lambda: call(client), policy)

    async def _health(self, client: HttpClient) -> IngestionHealth:
        reply = await client.get(f"{ROUTES}/health")
        if reply.status not in (200, 503):
            raise RequestFailed(f"service health returned {reply.status}; expected 200 or 503", reply.status)
        return parse_health(reply, NAME)

    async def _queue(self, client: HttpClient) -> ServiceQueue:
        return parse_queue(await client.get_json(f"{ROUTES}/queue"))

    async def _history(self, client: HttpClient) -> JobHistory:
        body = await client.get_json(f"{ROUTES}/jobs/history?limit={WINDOW}")
        jobs = body.at("jobs")
        known = jobs[:WINDOW] if isinstance(jobs, list) else []
        return self._history_counter.update(json.dumps(item, sort_keys=True) for item in known)

    async def _workers(self, client: HttpClient) -> ServiceWorkers:
        return parse_workers(await client.get_json(f"{ROUTES}/worker/status"))

    async def _embeddings(self, client: HttpClient) -> EmbeddingState:
        return parse_embeddings(await client.get_json("/admin/sparse-embeddings/status"))
