"""A thread that subscribes to worker events, reconnects after failures and counts disconnects."""

import logging
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from pydantic import SecretStr
from redis.exceptions import RedisError, ResponseError

from exporter.memory import release_memory
from exporter.settings_queues import CelerySettings
from exporter.sources.broker.event_stream import EventSubscription, channel_pattern
from exporter.sources.broker.kombu_layout import parse_body
from exporter.sources.broker.task_counters import TaskCounters
from exporter.sources.broker.tasks import MALFORMED_ERRORS, TaskTracker
from exporter.sources.broker.workers import BrokerWorkers, ForeignWorkers
from exporter.sources.redis_errors import to_source_error

log = logging.getLogger("exporter")
PING_AFTER = 1.0  # seconds of silence
BURST_BYTES = 100_000  # bytes of unparsed events that make a burst
SILENT_AFTER = 3.0  # seconds without a reply to a ping, after which the state is stale
RECONNECT_AFTER = 30.0  # seconds of silence
MAX_BACKOFF = 5.0


class EventReceiver:
    """Receives events and updates the trackers. Its thread writes the numbers, any may read them."""

    def __init__(self, settings: CelerySettings, url: SecretStr, database: int) -> None:
        self._settings = settings
        self._url = url
        self._pattern = channel_pattern(settings, database)
        self.workers = BrokerWorkers(settings.workers, settings.worker_timeout, settings.worker_forgotten)
        self.foreign = ForeignWorkers(settings.foreign_workers)
        tallies = TaskCounters(
            settings.tasks, settings.task_queues, settings.exceptions, hosts=settings.task_hosts
        )
        self.tasks = TaskTracker(tallies, settings.tasks_in_flight, self.workers)
        self._handlers = self.workers.handlers() | self.tasks.handlers()
        self.events_received = 0
        self.undecodable = 0
        self.disconnects = 0
        self.known_tasks: frozenset[str] = frozenset()  # replaced as a whole by others
        self._initialized_tasks: frozenset[str] = frozenset()
        self.last_task_event_at: float | None = None
        self.samples: deque[tuple[float, int, int]] = deque(maxlen=int(settings.failure_window) + 1)
        self.failure_reason = ""  # one sentence, empty while events arrive
        self._heard_at = 0.0
        self._listening_since: float | None = None
        self._subscription: EventSubscription | None = None
        self._burst = False
        self._stopping = threading.Event()
        self._waker: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        wake, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._run, args=(wake,), name="celery events", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the subscription; returns once the thread has ended or hangs in a connection."""
        self._stopping.set()
        if self._thread is None or self._waker is None:
            return
        self._waker.close()
        self._thread.join(2 * self._settings.timeout + 1)

    def listening_since(self, now: float) -> float | None:
        """Since when events arrive without a gap, in Unix seconds; None if they do not arrive now."""
        since = self._listening_since
        return since if since is not None and now - self._heard_at <= SILENT_AFTER else None

    @property
    def backlog(self) -> int:
        """Bytes that were read and not yet parsed."""
        stream = self._subscription
        return 0 if stream is None else stream.backlog

    def finished_and_failed(self, now: float) -> tuple[int, int]:
        """Tasks that finished, and those that failed, within the failure window."""
        oldest = now - self._settings.failure_window
        samples = [sample for sample in self.samples.copy() if sample[0] >= oldest]
        _, finished, failed = samples[0] if samples else (now, 0, 0)
        return self.tasks.finished - finished, self.tasks.failed - failed

    def process(self, payload: bytes, now: float) -> None:
        """Handle the events in one message."""
        try:
            body = parse_body(payload)
        except MALFORMED_ERRORS:
            self.undecodable += 1
            return
        handlers = self._handlers
        for event in body if type(body) is list else (body,):
            try:
                handler = handlers.get(event["type"])
                if handler is not None and not self.foreign.is_sender(event):
                    handler(event, now)
            except MALFORMED_ERRORS:
                self.undecodable += 1
            # at last: a scrape that shows the event shows what it changed
            self.events_received += 1

    def _run(self, wake: socket.socket) -> None:
        with wake:
            self._listen_with_retries(wake)

    def _listen_with_retries(self, wake: socket.socket) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                self._listen(wake)
            except Exception as error:  # noqa: BLE001  (the thread retries after any error)
                failures = 0 if self._listening_since is not None else failures + 1
                self._record_disconnect(error)
            self._stopping.wait(min(0.1 * 2 ** min(failures, 10), MAX_BACKOFF))

    def _listen(self, wake: socket.socket) -> None:
        self._subscription = stream = EventSubscription(self._url, self._pattern, self._settings.timeout)
        try:
            poll = select.poll()
            poll.register(stream.fileno(), select.POLLIN)
            poll.register(wake.fileno(), select.POLLIN)
            self._heard_at = time.time()
            self._consume(stream, lambda: poll.poll(PING_AFTER * 1000))
        finally:
            self._subscription = None
            stream.close()

    def _consume(self, stream: EventSubscription, wait: Callable[[], Any]) -> None:
        ticked_at = pinged_at = 0.0
        while not self._stopping.is_set():
            if not stream.backlog:
                wait()
            now = time.time()
            if stream.drain():
                self._mark_heard(now)
            elif not stream.backlog and now - max(self._heard_at, pinged_at) >= PING_AFTER:
                pinged_at = now
                self._ping_if_idle(stream, now)
            self._process_payloads(stream, now)
            if now - ticked_at >= 1.0:
                ticked_at = now
                self._tick(now)

    def _mark_heard(self, now: float) -> None:
        if self._listening_since is not None and now - self._heard_at > SILENT_AFTER:
            self._listening_since = now  # events may have been lost during a silence
        self._heard_at = now

    def _process_payloads(self, stream: EventSubscription, now: float) -> None:
        tasks_before = self.tasks.events
        for payload in stream.payloads():
            self.process(payload, now)
        self.tasks.pack()
        if self.tasks.events != tasks_before:
            self.last_task_event_at = now
        if stream.subscribed and self._listening_since is None:
            self._listening_since = now
            self.failure_reason = ""
            log.info("worker events are received")

    def _ping_if_idle(self, stream: EventSubscription, now: float) -> None:
        if now - self._heard_at > RECONNECT_AFTER:
            raise TimeoutError("the broker has been silent")
        stream.ping()

    def _tick(self, now: float) -> None:
        if self.known_tasks != self._initialized_tasks:
            for name in sorted(self.known_tasks - self._initialized_tasks):
                self.tasks.counters.start_at_zero(name)
            self._initialized_tasks = self.known_tasks
        self.tasks.tick(now)
        self.workers.expire(now)
        self.samples.append((now, self.tasks.finished, self.tasks.failed))
        self._release_memory()

    def _release_memory(self) -> None:
        """Release the memory of a burst once all of it is parsed."""
        if self.backlog > BURST_BYTES:
            self._burst = True
        elif self._burst and not self.backlog:
            self._burst = False
            release_memory()

    def _record_disconnect(self, error: Exception) -> None:
        self.workers.clear_unstarted()
        if self._listening_since is not None:
            self._listening_since = None
            self.disconnects += 1
        reason = failure_reason(error)
        if reason != self.failure_reason:
            self.failure_reason = reason
            log.warning("worker events do not arrive: %s; retrying", reason)


def failure_reason(error: Exception) -> str:
    """Why the subscription failed, without secrets."""
    if isinstance(error, ResponseError):
        text = "channel" if "channel" in str(error) else str(error)
        return str(to_source_error("broker", type(error)(text), "psubscribe"))
    if isinstance(error, RedisError):
        return str(to_source_error("broker", error))
    if isinstance(error, OSError):
        return f"broker cannot be reached: {type(error).__name__}"
    return f"{type(error).__name__} while the exporter read events"
