"""Polls the Celery broker and the result backend, and receives worker events."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from exporter.cardinality import LabelLimiter
from exporter.errors import NotConfigured, RequestFailed, SourceError
from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.settings_queues import CelerySettings
from exporter.settings_stores import RedisSettings
from exporter.sources.base import BaseSource
from exporter.sources.broker.event_receiver import EventReceiver
from exporter.sources.broker.inspection import InspectReply, inspect_workers
from exporter.sources.broker.kombu_layout import Bindings, read_bindings
from exporter.sources.broker.oldest_messages import OldestMessages
from exporter.sources.broker.queues import (
    KnownQueues,
    QueueKeys,
    QueueLengths,
    UnackedMessages,
    UnackedTracker,
    read_unacked,
)
from exporter.sources.broker.results import ResultBackend, StoredResults
from exporter.sources.broker.snapshot import BrokerSnapshot, QueueSnapshot
from exporter.sources.broker.task_counters import ZeroInitializer
from exporter.sources.broker.worker_monitor import WorkerMonitor
from exporter.sources.redis_client import (
    RedisClient,
    interval_for_commands,
    make_ping_poller,
    make_redis_client,
)
from exporter.sources.redis_server import RedisServerSource, is_same_server

T = TypeVar("T")
log = logging.getLogger("exporter")
BINDINGS_SECONDS = 2.0
VERIFY_PERIOD = 0.25  # seconds to the next read after one that shows a queue grown
UNACKED_PERIOD = 1.0  # seconds between two reads of the unacknowledged messages


class BrokerSource(BaseSource):
    """The pollers of the broker, and the receiver of its events."""

    def __init__(self, settings: CelerySettings, cache: RedisSettings | None = None) -> None:
        self.settings = settings
        cache = cache or RedisSettings()
        url = settings.readable_broker
        self._quick = make_redis_client("broker", url, settings.timeout)
        # a client of its own, so that BRPOP and SCAN do not delay the quick commands
        self._slow = make_redis_client("broker", url, settings.timeout)
        self._results_client = make_redis_client(
            "result backend", settings.readable_results, settings.timeout
        )
        self.is_on_cache = is_same_server(url, cache.url)
        client = make_redis_client("broker", None if self.is_on_cache else url, settings.timeout)
        self.server = RedisServerSource("broker", client, settings.timeout, cache.server_period)
        self.receiver = EventReceiver(settings, url, self._quick.database) if url and self._quick else None
        self.workers = WorkerMonitor(settings, self.receiver)
        self._queues = KnownQueues(settings)
        self._result_backend = ResultBackend(settings.result_prefixes, settings.results_sample)
        self.unacked_tracker = UnackedTracker()
        self.zero_initializer = ZeroInitializer(settings.newborn)
        self.oldest_messages = OldestMessages(settings.published_headers, self._sent_at)
        self.reported_names = LabelLimiter(settings.tasks)
        self._last_warning: str = ""
        self._make_pollers(settings)

    def _make_pollers(self, settings: CelerySettings) -> None:
        quick = PollPolicy(settings.timeout, min_interval=settings.fast_period)
        seldom = PollPolicy(settings.timeout, min_interval=max(UNACKED_PERIOD, settings.fast_period))
        often = PollPolicy(settings.timeout, interval=1.0)
        found = PollPolicy(BINDINGS_SECONDS + settings.timeout, interval=settings.period)
        inspected = PollPolicy(5 * settings.timeout, interval=settings.inspect_period, max_backoff=60.0)
        stored = PollPolicy(15.0, interval=settings.results_period, max_backoff=60.0)
        self.ping = make_ping_poller(self._quick, "broker PING", settings.fast_period)
        self.lengths = Poller("broker queue lengths", bind_client(self._quick, self._read_lengths), quick)
        self.unacked = Poller("broker unacked messages", bind_client(self._quick, self._read_unacked), seldom)
        self.ages = Poller("broker oldest messages", bind_client(self._quick, self._read_oldest), often)
        self.bindings = Poller("broker bindings", bind_client(self._slow, self._read_bindings), found)
        self.inspection = Poller("worker inspection", bind_client(self._slow, self._inspect), inspected)
        self.results = Poller("result backend", bind_client(self._results_client, self._scan_results), stored)

    @property
    def permission_errors(self) -> tuple[str, ...]:
        """A sentence for each command that the broker or the result backend last refused."""
        clients = (self._quick, self._slow, self._results_client)
        return tuple(text for client in clients if client is not None for text in client.permission_errors)

    @property
    def keys(self) -> QueueKeys:
        """The names of the broker's keys."""
        return self._queues.keys

    def open(self) -> None:
        """Start to receive events; log what cannot be read."""
        for sentence in self.settings.unreadable:
            log.warning("%s", sentence)
        if self.is_on_cache:
            log.info("the broker is on the cache's Redis server: its redis_ metrics are those of the cache")
        if self.receiver is not None:
            self.receiver.start()

    async def close(self) -> None:
        """Stop the receiver and close the connections."""
        await self.workers.close()
        if self.receiver is not None:
            await asyncio.to_thread(self.receiver.stop)
        for client in (self._quick, self._slow, self._results_client):
            if client is not None:
                await client.close()
        await self.server.close()

    def connected_receiver(self) -> EventReceiver:
        """The receiver while events arrive. Raises NotConfigured without a broker, else RequestFailed."""
        if self.receiver is None:
            raise NotConfigured("broker events are not configured")
        if not self.is_listening():
            reason = self.receiver.failure_reason
            raise RequestFailed(reason or "broker events do not arrive; expected an open subscription")
        return self.receiver

    def is_listening(self) -> bool:
        """Whether worker events arrive now."""
        return self.receiver is not None and self.receiver.listening_since(time.time()) is not None

    async def queues(self) -> tuple[QueueSnapshot, ...]:
        """Every queue as of now, read in one round trip. Raises SourceError."""
        found = await self.lengths.get()
        await self.ages.is_responding()
        monitor = self.workers.snapshot(self.inspection)
        monitor.inspect_new_workers()
        return tuple(
            QueueSnapshot(name, length, self._oldest_age(name, length), monitor.count_consumers(name))
            if name in self._queues.visible()
            else QueueSnapshot(name, length, None, None)
            for name, length in found.queues.items()
        )

    def known_queues(self) -> tuple[str, ...]:
        """The queues named in the settings, then those found since, in bounded number."""
        self._queues.add(self.receiver.tasks.queues.copy() if self.receiver else ())
        return self._queues.visible()

    async def snapshot(self) -> BrokerSnapshot:
        """The state of queues and workers now. Raises NotConfigured without a broker."""
        answers = await self.ping.is_responding()
        queues, unacked = None, None
        with suppress(SourceError):
            queues = await self.queues()
        with suppress(SourceError):
            unacked = (await self.unacked.get()).unacked
        receiver, now = self.receiver, time.time()
        listening = self.is_listening()
        finished, failed = receiver.finished_and_failed(now) if receiver and listening else (None, None)
        return BrokerSnapshot(
            is_responding=answers,
            is_listening=listening,
            workers_alive=self.workers.count_alive(),
            queues=queues,
            unacked=unacked,
            last_task_event_at=receiver.last_task_event_at if receiver else None,
            finished=finished,
            failed=failed,
            window=self.settings.failure_window,
            stalled=self.workers.stalled_workers() if unacked != 0 else (),
        )

    def _oldest_age(self, queue: str, length: int) -> float | None:
        return 0.0 if length == 0 else self.oldest_messages.age(self._queues.keys.lists(queue))

    async def _read_lengths(self, client: RedisClient) -> QueueLengths:
        self.known_queues()
        found = await self._queues.read(client)
        self.oldest_messages.retain(found.filled_keys)
        if found.has_grown:
            self.lengths.verify_soon(min(VERIFY_PERIOD, self.settings.fast_period))
        return found

    async def _read_unacked(self, client: RedisClient) -> UnackedMessages:
        found = await read_unacked(client, self._queues.keys)
        self.unacked_tracker.record(found)
        return found

    async def _read_oldest(self, client: RedisClient) -> None:
        await self.oldest_messages.read(client, (await self.lengths.get()).filled_keys)

    async def _read_bindings(self, client: RedisClient) -> Bindings:
        found = await read_bindings(client, self.settings, BINDINGS_SECONDS)
        self._queues.add(found.queues)
        self._queues.keys.separator = found.separator
        self._warn(found)
        return found

    def _warn(self, found: Bindings) -> None:
        warning = ""
        if found.is_detected:
            warning = f"the exporter uses {found.separator!r}; set celery.separator to that"
        elif found.is_unreadable:
            warning = "no queue name can be parsed; set celery.separator to kombu's sep"
        if warning and warning != self._last_warning:
            expected = self.settings.separator
            log.warning(
                "the separator in the broker's bindings differs from celery.separator %r: %s",
                expected,
                warning,
            )
        self._last_warning = warning

    async def _inspect(self, client: RedisClient) -> dict[str, InspectReply]:
        # a binding with a wrong separator would raise an error in each worker
        bindings = await self.bindings.get()
        if bindings.is_unreadable:
            raise RequestFailed("workers are not inspected while the broker's separator is unknown")
        found = await inspect_workers(client, self.settings, bindings.separator)
        own, foreign = self.workers.apply_replies(found)
        self._queues.include(own)
        self._queues.exclude(foreign - own)
        self._queues.add(own)
        return self.workers.replies

    async def _scan_results(self, client: RedisClient) -> StoredResults:
        found = await self._result_backend.scan(client)
        every = interval_for_commands(self.settings.results_period, self._result_backend.commands)
        self.results.policy = replace(self.results.policy, interval=every)
        return found

    def _sent_at(self, task_id: str | None) -> float | None:
        return None if self.receiver is None else self.receiver.tasks.sent_at(task_id)


def bind_client(
    client: RedisClient | None, read: Callable[[RedisClient], Awaitable[T]]
) -> Callable[[], Awaitable[T]] | None:
    """The read function with this client; None without a client."""
    return None if client is None else lambda: read(client)
