"""The source of the ingestion queue, a Redis server, in both layouts of its keys."""

import json
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.settings_queues import CelerySettings, IngestionSettings
from exporter.settings_types import unreadable_reasons
from exporter.sources.base import BaseSource
from exporter.sources.ingestion.history import JobHistoryCounter
from exporter.sources.ingestion.models import (
    EdgeWorker,
    IngestionJob,
    IngestionQueue,
    IngestionQueues,
    JobHistory,
)
from exporter.sources.ingestion.parsing import (
    oldest_queued_at,
    parse_edge_worker,
    parse_job,
    parse_json_object,
)
from exporter.sources.json_object import JsonObject
from exporter.sources.redis_client import Command, RedisClient, make_ping_poller, make_redis_client

T = TypeVar("T")
log = logging.getLogger("exporter")
NAME = "ingestion queue"
QUEUE, STATUS, HISTORY = "ingest_queue", "worker_status", "job_history"
TASKS, EXTRACTION, DEAD = "pharos:tasks", "pharos_extraction_jobs", "pharos:dlq"
JOBS, LONG_HISTORY = "pharos:jobs", "pharos:history"
LAST_SEEN, META = "pharos:worker:last_seen", "pharos:worker:meta"
FIRST_LAYOUT = (QUEUE, STATUS, HISTORY)
SECOND_LAYOUT = (TASKS, EXTRACTION, DEAD, JOBS, LONG_HISTORY, LAST_SEEN, META)
CAPPED = (QUEUE, TASKS)
WINDOW = 100  # entries of a history that are read; the first layout keeps no more
MAX_JOBS = 2000  # a larger hash of jobs is not read
MAX_BYTES = 5_000_000  # nor is a history that takes more memory than this
LAYOUT_INTERVAL = 5.0  # seconds between two checks of the layout
LISTS = (QUEUE, TASKS, EXTRACTION, DEAD)


class IngestionSource(BaseSource):
    """The pollers of the ingestion queue; it is on the broker unless it has a URL of its own."""

    def __init__(self, settings: IngestionSettings, broker: CelerySettings) -> None:
        self.settings = settings
        url = settings.url or broker.readable_broker
        self.client = make_redis_client(NAME, url, settings.timeout)
        self._is_configured = settings.url is not None
        self._seen: set[str] = set()  # layouts whose keys existed once; an empty list is no key in Redis
        self._layouts_read_at = self._ends_read_at = float("-inf")
        self._oldest_items: dict[str, float | None] = {}
        self._last_seen: float | None = None
        self._history_counter = JobHistoryCounter()
        self._api_history_counter = JobHistoryCounter()
        fast = PollPolicy(settings.timeout, min_interval=settings.fast_period)
        seldom = PollPolicy(settings.timeout, min_interval=max(settings.period, settings.fast_period))
        often = PollPolicy(settings.timeout, interval=settings.period)
        self.ping = make_ping_poller(
            self.client, "ingestion queue PING", min(broker.fast_period, settings.fast_period)
        )
        self.queues = Poller("ingestion queues", self._with(self._queues), fast)
        self.worker = Poller("ingestion worker", self._with(self._worker), seldom)
        self.history = Poller("ingestion history", self._with(self._history), often)
        self.jobs = Poller("ingestion jobs", self._with(self._jobs), often)

    @property
    def permission_errors(self) -> tuple[str, ...]:
        """A sentence for each command whose last call the server refused."""
        return self.client.permission_errors if self.client is not None else ()

    def open(self) -> None:
        """Log a URL that is not of a Redis server."""
        for sentence in unreadable_reasons("ingestion.url", self.settings.url):
            log.warning("%s", sentence)

    async def close(self) -> None:
        """Close the connections."""
        if self.client is not None:
            await self.client.close()

    @property
    def is_present(self) -> bool:
        """Whether this server is known to hold the queue: it was configured, or held one of the keys."""
        return bool(self._seen) or self._is_configured

    def reported(self, jobs: JsonObject) -> JobHistory:
        """The history from the backend's API, for where its Redis cannot be reached."""
        return self._api_history_counter.update([json.dumps(item) for item in listed_jobs(jobs)])

    def _with(self, call: Callable[[RedisClient], Awaitable[T]]) -> Callable[[], Awaitable[T]] | None:
        client = self.client
        return None if client is None else lambda: call(client)

    async def _queues(self, client: RedisClient) -> IngestionQueues:
        """One command while all lists are empty, two more for each list that holds items."""
        commands: list[Command] = [("EXISTS", *LISTS)]
        is_due = time.monotonic() - self._layouts_read_at >= min(LAYOUT_INTERVAL, self.settings.period)
        if is_due:
            commands += [("EXISTS", *FIRST_LAYOUT), ("EXISTS", *SECOND_LAYOUT)]
        any_filled, *layouts = await client.execute_granted(commands)
        if is_due:
            self._layouts_read_at = time.monotonic()
            self._record_layouts(*layouts)
        lengths = (
            await client.execute_granted([("LLEN", name) for name in LISTS])
            if any_filled
            else [0] * len(LISTS)
        )
        oldest = await self._oldest(client, dict(zip(LISTS, lengths, strict=True)))
        dead = lengths[-1]
        found = (self._queue(n, k, oldest.get(n)) for n, k in zip(LISTS[:3], lengths, strict=False))
        return IngestionQueues(
            tuple(queue for queue in found if queue is not None),
            float(dead) if isinstance(dead, int) and self._has(DEAD) else None,
        )

    async def _oldest(self, client: RedisClient, lengths: dict[str, object]) -> dict[str, float | None]:
        """When the oldest item of each filled list was queued; it may be at either end."""
        filled = [name for name in LISTS[:3] if isinstance(n := lengths[name], int) and n > 0]
        now, period = time.monotonic(), self.settings.period
        if filled == list(self._oldest_items) and now - self._ends_read_at < period:
            return self._oldest_items
        self._ends_read_at = now
        items = (
            await client.execute([("LINDEX", name, end) for name in filled for end in (0, -1)])
            if filled
            else []
        )
        ends = zip(filled, items[::2], items[1::2], strict=True)
        self._oldest_items = {name: oldest_queued_at((first, last)) for name, first, last in ends}
        return self._oldest_items

    def _queue(self, name: str, length: object, oldest: float | None) -> IngestionQueue | None:
        if not isinstance(length, int):
            return None
        if length:
            self._seen.update(("first",) if name in FIRST_LAYOUT else ("first", "second"))
        if not self._has(name):
            return None
        return IngestionQueue(name, length, self.settings.capacity if name in CAPPED else None, oldest)

    def _record_layouts(self, first: object, second: object) -> None:
        if self._is_configured or first:
            self._seen.add("first")
        if second:
            self._seen.update(("first", "second"))

    def _has(self, key: str) -> bool:
        """Whether an absent key means empty: only where its layout has appeared on this server."""
        return ("first" if key in FIRST_LAYOUT else "second") in self._seen

    async def _worker(self, client: RedisClient) -> EdgeWorker:
        # GETRANGE, not GET: the text of another program may have any length
        state, last_seen, meta = await client.execute_or_none(
            [("GETRANGE", STATUS, 0, 511), ("GETRANGE", LAST_SEEN, 0, 63), ("GETRANGE", META, 0, 16_383)]
        )
        found = parse_edge_worker(
            state, last_seen or self._last_seen, parse_json_object(meta, "ingestion worker")
        )
        # the key expires, but a worker that reported once stays known after its death
        self._last_seen = found.last_seen
        return found

    async def _history(self, client: RedisClient) -> JobHistory:
        names = (HISTORY, LONG_HISTORY)
        sizes = await client.execute_or_none(
            [(*c, name) for name in names for c in (("LLEN",), ("MEMORY", "USAGE"))]
        )
        present = [n for n, length in zip(names, sizes[::2], strict=True) if length != 0]
        large = {n for n, used in zip(names, sizes[1::2], strict=True) if is_too_large(used)}
        small = [n for n in present if n not in large]
        lists = (
            await client.execute_or_none([("LRANGE", name, 0, WINDOW - 1) for name in small]) if small else []
        )
        return self._history_counter.update(
            [text for found in lists if isinstance(found, list) for text in found]
        )

    async def _jobs(self, client: RedisClient) -> tuple[IngestionJob, ...]:
        """The jobs of the second layout; none where there are too many to read."""
        size, used = await client.execute_or_none([("HLEN", JOBS), ("MEMORY", "USAGE", JOBS)])
        if not isinstance(size, int) or not 0 < size <= MAX_JOBS or is_too_large(used):
            return ()
        texts = await client.execute_one("HVALS", JOBS)
        return (
            tuple(parse_job(parse_json_object(text, JOBS)) for text in texts)
            if isinstance(texts, list)
            else ()
        )


def is_too_large(used: object) -> bool:
    """Whether a key takes more memory than is read; False where the server does not tell."""
    return isinstance(used, int) and used > MAX_BYTES


def listed_jobs(jobs: JsonObject) -> list[object]:
    """The items of the list `jobs`."""
    items = jobs.at("jobs")
    return items[:WINDOW] if isinstance(items, list) else []
