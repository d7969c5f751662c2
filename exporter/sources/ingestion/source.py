"""What is asked of the Redis server that holds the ingestion queue, in both layouts of its keys."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from exporter.pace import Pace
from exporter.question import Question
from exporter.settings import Celery as CelerySettings
from exporter.settings import Ingestion as IngestionSettings
from exporter.sources.asked import Asked
from exporter.sources.document import Document
from exporter.sources.ingestion.answers import History, Job, Queue, Queues, Worker
from exporter.sources.ingestion.reading import document, job, queued_at, worker
from exporter.sources.ingestion.tally import Tally
from exporter.sources.redis_client import Command, connect, replies

T = TypeVar("T")
NAME = "ingestion queue"
QUEUE, STATUS, HISTORY = "ingest_queue", "worker_status", "job_history"
TASKS, EXTRACTION, DEAD = "pharos:tasks", "pharos_extraction_jobs", "pharos:dlq"
JOBS, LONG_HISTORY = "pharos:jobs", "pharos:history"
LAST_SEEN, META = "pharos:worker:last_seen", "pharos:worker:meta"
FIRST_LAYOUT = (QUEUE, STATUS, HISTORY)
SECOND_LAYOUT = (TASKS, EXTRACTION, DEAD, JOBS, LONG_HISTORY, LAST_SEEN, META)
CAPPED = (QUEUE, TASKS)
WINDOW = 100  # entries of a history that are read; the first layout keeps no more
MOST_JOBS = 2000  # a larger hash of jobs is not read
MOST_BYTES = 5_000_000  # nor is a history that takes more memory than this


class Ingestion(Asked):
    """The questions put to the ingestion queue; it lives on the broker unless a URL of its own is set."""

    def __init__(self, settings: IngestionSettings, broker: CelerySettings) -> None:
        self.settings = settings
        self.url = settings.url or broker.broker_url
        self.client = connect(self.url, settings.timeout) if self.url else None
        self._named = settings.url is not None
        self._seen: set[str] = set()  # layouts whose keys were there once; an empty list is no key in Redis
        self._last_seen: float | None = None
        self._tally = Tally()
        self._reported = Tally()
        fast = Pace(settings.timeout, at_most_every=settings.fast_period)
        often = Pace(settings.timeout, every=settings.period)
        self.ping = Question("ingestion queue PING", self._if_there(self._ping), fast)
        self.queues = Question("ingestion queues", self._if_there(self._queues), fast)
        self.worker = Question("ingestion worker", self._if_there(self._worker), fast)
        self.history = Question("ingestion history", self._if_there(self._history), often)
        self.jobs = Question("ingestion jobs", self._if_there(self._jobs), often)

    async def close(self) -> None:
        """Close the connections."""
        if self.client is not None:
            await self.client.aclose()

    @property
    def is_here(self) -> bool:
        """Whether this server is known to be the one: it was named, or held one of the keys."""
        return bool(self._seen) or self._named

    def reported(self, jobs: Document) -> History:
        """The history as the backend's API tells it, for where its Redis cannot be asked."""
        return self._reported.history([json.dumps(item) for item in listed(jobs)])

    def _if_there(self, ask: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]] | None:
        return ask if self.client is not None else None

    async def _replies(self, commands: Sequence[Command]) -> list[object]:
        assert self.client is not None  # noqa: S101  (no question is asked without a client)
        return await replies(NAME, self.client, commands)

    async def _ping(self) -> bool:
        return bool((await self._replies([("PING",)]))[0])

    async def _queues(self) -> Queues:
        answers = await self._replies(
            [
                ("EXISTS", *FIRST_LAYOUT),
                ("EXISTS", *SECOND_LAYOUT),
                ("LLEN", DEAD),
                *(command for name in (QUEUE, TASKS, EXTRACTION) for command in ends(name)),
            ]
        )
        self._note(answers[0], answers[1])
        rows = zip((QUEUE, TASKS, EXTRACTION), range(3, 12, 3), strict=True)
        found = (self._queue(name, *answers[at : at + 3]) for name, at in rows if self._has(name))
        dead = answers[2] if self._has(DEAD) else None
        return Queues(
            tuple(queue for queue in found if queue is not None), dead if isinstance(dead, int) else None
        )

    def _queue(self, name: str, length: object, first: object, last: object) -> Queue | None:
        if not isinstance(length, int):
            return None
        capacity = self.settings.capacity if name in CAPPED else None
        return Queue(name, length, capacity, queued_at((first, last)))

    def _note(self, first: object, second: object) -> None:
        if self._named or first:
            self._seen.add("first")
        if second:
            self._seen.update(("first", "second"))

    def _has(self, key: str) -> bool:
        """Whether an absent key means empty: not where its layout was never seen on this server."""
        return ("first" if key in FIRST_LAYOUT else "second") in self._seen

    async def _worker(self) -> Worker:
        # GETRANGE, not GET: nobody knows how long a text another program left there
        says, last_seen, meta = await self._replies(
            [("GETRANGE", STATUS, 0, 511), ("GETRANGE", LAST_SEEN, 0, 63), ("GETRANGE", META, 0, 16_383)]
        )
        found = worker(says, last_seen or self._last_seen, document(meta, "ingestion worker"))
        # the key expires, but a worker that was seen once does not become unknown by being dead for longer
        self._last_seen = found.last_seen
        return found

    async def _history(self) -> History:
        names = (HISTORY, LONG_HISTORY)
        answers = await self._replies(
            [(*c, name) for name in names for c in (("LLEN",), ("MEMORY", "USAGE"))]
        )
        light = [n for n, used in zip(names, answers[1::2], strict=True) if not is_heavy(used)]
        lists = await self._replies([("LRANGE", name, 0, WINDOW - 1) for name in light]) if light else []
        return self._tally.history([text for found in lists if isinstance(found, list) for text in found])

    async def _jobs(self) -> tuple[Job, ...]:
        """The jobs that the second layout tracks, none where there are too many to read."""
        size, used = await self._replies([("HLEN", JOBS), ("MEMORY", "USAGE", JOBS)])
        if not isinstance(size, int) or size > MOST_JOBS or is_heavy(used):
            return ()
        texts = (await self._replies([("HVALS", JOBS)]))[0]
        return tuple(job(document(text, JOBS)) for text in texts) if isinstance(texts, list) else ()


def is_heavy(used: object) -> bool:
    """Whether a key takes more memory than is read; a server that does not say is believed to be kind."""
    return isinstance(used, int) and used > MOST_BYTES


def listed(jobs: Document) -> list[object]:
    """The items of the list `jobs`."""
    items = jobs.at("jobs")
    return items[:WINDOW] if isinstance(items, list) else []


def ends(name: str) -> tuple[Command, ...]:
    """The commands that tell a list's length and its items at both ends, one of which is its oldest."""
    return ("LLEN", name), ("LINDEX", name, 0), ("LINDEX", name, -1)
