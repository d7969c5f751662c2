"""Sends tasks to the Celery workers and inspects them."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from kombu import Connection
from kombu.exceptions import OperationalError

from demo.faults.state import FaultFile
from demo.logs import short_error
from demo.worker.celery_app import DEFAULT_PRIORITY, PREFIX, UNROUTED

log = logging.getLogger(__name__)
NO_RETRIES = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
RESULT_TTL = 2.0
# Seconds; slower workers count as down.
PING_SECONDS = 0.7
REPLY_SECONDS = 1.0


class TaskQueue:
    """Sends tasks by their short name."""

    def __init__(self, celery: Celery, faults: FaultFile, retry_seconds: float) -> None:
        self._celery = celery
        self._faults = faults
        self._retry_seconds = retry_seconds

    def send(self, name: str, *args: Any, delay: float = 0, priority: int = DEFAULT_PRIORITY) -> None:
        """Queue a task; raises OperationalError if the broker does not take it."""
        if "lying" in self._faults:
            self._send_and_swallow(name, args, delay, priority)
            return
        self._send(name, args, delay, priority)

    def _send(self, name: str, args: tuple[Any, ...], delay: float, priority: int) -> None:
        forgotten = "unrouted-tasks" in self._faults and name in UNROUTED
        options: dict[str, Any] = {"queue": "celery"} if forgotten else {}
        options |= {"countdown": delay or None, "priority": priority, "retry_policy": NO_RETRIES}
        self._celery.send_task(PREFIX + name, args, **options)

    def _send_and_swallow(self, name: str, args: tuple[Any, ...], delay: float, priority: int) -> None:
        # The watched backend retries for some 19 s, then swallows the error; only its latency shows it.
        until = time.monotonic() + self._retry_seconds
        while True:
            try:
                return self._send(name, args, delay, priority)
            except OperationalError as error:
                if time.monotonic() >= until:
                    return log.warning("Error queuing %s: %s", name, short_error(error))
                time.sleep(0.2)


class Inspector:
    """Inspects the workers; concurrent callers share one result."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery
        self._lock = threading.Lock()
        self._results: dict[str, tuple[float, Any]] = {}

    def ping(self) -> list[str]:
        """Names of the workers that respond."""
        found: list[str] = self._shared("ping", self._ping)
        return found

    def overview(self) -> dict[str, dict[str, Any]]:
        """Active, scheduled and reserved tasks and statistics of each worker, by command."""
        found: dict[str, dict[str, Any]] = self._shared("overview", self._overview)
        return found

    def _ping(self) -> list[str]:
        # A new connection each time: a shared one keeps waiting in Redis after the timeout
        # and consumes the next reply.
        with self._celery.connection_for_write() as connection:
            return self._names(connection)

    def _overview(self) -> dict[str, dict[str, Any]]:
        questions = ("active", "scheduled", "reserved", "stats")
        with self._celery.connection_for_write() as connection:
            count = len(self._names(connection))
            if not count:
                return {question: {} for question in questions}
            inspect = self._inspect(connection, timeout=REPLY_SECONDS, limit=count)
            return {question: getattr(inspect, question)() or {} for question in questions}

    def _names(self, connection: Connection) -> list[str]:
        return sorted(self._inspect(connection, timeout=PING_SECONDS).ping() or {})

    def _inspect(self, connection: Connection, **options: Any) -> Any:
        return self._celery.control.inspect(connection=connection, **options)

    def _shared(self, name: str, ask: Callable[[], Any]) -> Any:
        if not self._lock.acquire(timeout=3):
            raise TimeoutError("an earlier question to the workers is still unanswered")
        try:
            at, answer = self._results.get(name, (float("-inf"), None))
            if time.monotonic() - at > RESULT_TTL:
                answer = ask()
                self._results[name] = (time.monotonic(), answer)
            return answer
        finally:
            self._lock.release()
