"""Questions to the Celery workers, asked beside the event loop, one at a time, briefly remembered."""

import threading
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from kombu import Connection

FRESH = 2.0
# Workers that need longer than this to answer a ping are not there.
PING_SECONDS = 0.7
ANSWER_SECONDS = 1.0


class Inspector:
    """Asks the workers what they do; concurrent callers share one answer."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery
        self._lock = threading.Lock()
        self._answers: dict[str, tuple[float, Any]] = {}

    def ping(self) -> list[str]:
        """Names of the workers that answer."""
        found: list[str] = self._shared("ping", self._ping)
        return found

    def overview(self) -> dict[str, dict[str, Any]]:
        """What each worker does: active, scheduled and reserved tasks and statistics, by question."""
        found: dict[str, dict[str, Any]] = self._shared("overview", self._overview)
        return found

    def _ping(self) -> list[str]:
        # A connection of its own each time: a shared one keeps waiting in Redis after the time is up
        # and swallows the answer to the next question.
        with self._celery.connection_for_write() as connection:
            return self._names(connection)

    def _overview(self) -> dict[str, dict[str, Any]]:
        questions = ("active", "scheduled", "reserved", "stats")
        with self._celery.connection_for_write() as connection:
            count = len(self._names(connection))
            if not count:
                return {question: {} for question in questions}
            inspect = self._inspect(connection, timeout=ANSWER_SECONDS, limit=count)
            return {question: getattr(inspect, question)() or {} for question in questions}

    def _names(self, connection: Connection) -> list[str]:
        return sorted(self._inspect(connection, timeout=PING_SECONDS).ping() or {})

    def _inspect(self, connection: Connection, **options: Any) -> Any:
        return self._celery.control.inspect(connection=connection, **options)

    def _shared(self, name: str, ask: Callable[[], Any]) -> Any:
        if not self._lock.acquire(timeout=3):
            raise TimeoutError("an earlier question to the workers is still unanswered")
        try:
            at, answer = self._answers.get(name, (float("-inf"), None))
            if time.monotonic() - at > FRESH:
                answer = ask()
                self._answers[name] = (time.monotonic(), answer)
            return answer
        finally:
            self._lock.release()
