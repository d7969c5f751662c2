"""What is asked of our own ingestion service, and how often."""

import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

from exporter.errors import Refused
from exporter.pace import Pace
from exporter.question import Question
from exporter.settings import Service as ServiceSettings
from exporter.sources.asked import Asked
from exporter.sources.backend.client import HttpClient
from exporter.sources.backend.token import BearerToken
from exporter.sources.ingestion.answers import Health, History
from exporter.sources.ingestion.reading import health
from exporter.sources.ingestion.tally import Tally
from exporter.sources.service import reading
from exporter.sources.service.answers import ENDED, Embeddings, Queue, Workers

T = TypeVar("T")
ROUTES = "/api/v1/ingestion"
NAME = "service"
WINDOW = 100  # the most that the contract's history gives


class Service(Asked):
    """The questions put to the service; it is read without a token, since whoever watches need not act."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.client = (
            HttpClient(settings.url, BearerToken(None, None), settings.max_bytes, NAME)
            if settings.url
            else None
        )
        self._tally = Tally((*ENDED, reading.OTHER), reading.job)
        often = Pace(settings.timeout, every=settings.period)
        seldom = Pace(settings.timeout, every=settings.embeddings_period)
        put = self._put
        self.health: Question[Health] = put("health", self._health, often)
        self.queue: Question[Queue] = put("queue", self._queue, often)
        self.history: Question[History] = put("history", self._history, often)
        self.workers: Question[Workers] = put("workers", self._workers, often)
        self.embeddings: Question[Embeddings] = put("embeddings", self._embeddings, seldom)

    async def close(self) -> None:
        """Close the connections."""
        if self.client is not None:
            await self.client.close()

    def _put(self, name: str, ask: Callable[[HttpClient], Awaitable[T]], pace: Pace) -> Question[T]:
        client = self.client
        return Question(f"{NAME} {name}", None if client is None else lambda: ask(client), pace)

    async def _health(self, client: HttpClient) -> Health:
        reply = await client.reply(f"{ROUTES}/health")
        if reply.status not in (200, 503):
            raise Refused(f"service health answered {reply.status}; expected 200 or 503", reply.status)
        return health(reply, NAME)

    async def _queue(self, client: HttpClient) -> Queue:
        return reading.queue(await client.document(f"{ROUTES}/queue"))

    async def _history(self, client: HttpClient) -> History:
        said = await client.document(f"{ROUTES}/jobs/history?limit={WINDOW}")
        jobs = said.at("jobs")
        known = jobs[:WINDOW] if isinstance(jobs, list) else []
        return self._tally.history(json.dumps(item, sort_keys=True) for item in known)

    async def _workers(self, client: HttpClient) -> Workers:
        return reading.workers(await client.document(f"{ROUTES}/worker/status"))

    async def _embeddings(self, client: HttpClient) -> Embeddings:
        return reading.embeddings(await client.document("/admin/sparse-embeddings/status"))
