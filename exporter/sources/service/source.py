"""What is asked of our own ingestion service, and how often."""

import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

from exporter.errors import RequestFailed
from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.settings import ServiceSettings
from exporter.sources.base import BaseSource
from exporter.sources.http_client import BearerToken, HttpClient
from exporter.sources.ingestion.history import JobHistoryCounter
from exporter.sources.ingestion.models import IngestionHealth, JobHistory
from exporter.sources.ingestion.parsing import parse_health
from exporter.sources.service import parsing
from exporter.sources.service.models import END_STATES, EmbeddingState, ServiceQueue, ServiceWorkers

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
        self._tally = JobHistoryCounter((*END_STATES, parsing.OTHER), parsing.parse_job)
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
        return parsing.parse_queue(await client.get_json(f"{ROUTES}/queue"))

    async def _history(self, client: HttpClient) -> JobHistory:
        said = await client.get_json(f"{ROUTES}/jobs/history?limit={WINDOW}")
        jobs = said.at("jobs")
        known = jobs[:WINDOW] if isinstance(jobs, list) else []
        return self._tally.history(json.dumps(item, sort_keys=True) for item in known)

    async def _workers(self, client: HttpClient) -> ServiceWorkers:
        return parsing.parse_workers(await client.get_json(f"{ROUTES}/worker/status"))

    async def _embeddings(self, client: HttpClient) -> EmbeddingState:
        return parsing.parse_embeddings(await client.get_json("/admin/sparse-embeddings/status"))
