"""Durations of named pieces of work, slow queries, and recent responses by module."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event

SLOW_SECONDS = 0.1
RESPONSE_WINDOW = 60.0


class Timings:
    """Average and count by name, and the count of slow queries."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: dict[str, list[float]] = defaultdict(lambda: [0.0, 0])
        self.slow_queries = 0

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measure the block under this name."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = (time.perf_counter() - start) * 1000
            with self._lock:
                total = self._spent[name]
                total[0] += spent
                total[1] += 1

    def by_method(self) -> dict[str, dict[str, float | int]]:
        """Average milliseconds and count of each name."""
        with self._lock:
            return {
                name: {"average_ms": total / count, "count": int(count)}
                for name, (total, count) in self._spent.items()
            }

    def watch(self, engine: Engine) -> None:
        """Count the queries of an engine that take longer than 100 ms."""
        event.listen(engine, "before_cursor_execute", _start)
        event.listen(engine, "after_cursor_execute", self._finish)

    def _finish(self, connection: Connection, *_: Any) -> None:
        if time.perf_counter() - connection.info.pop("asked_at") > SLOW_SECONDS:
            with self._lock:
                self.slow_queries += 1


def _start(connection: Connection, *_: Any) -> None:
    connection.info["asked_at"] = time.perf_counter()


@dataclass(frozen=True)
class ErrorShare:
    """How many responses there were, and how many of them were server errors."""

    responses: int
    errors: int

    @property
    def ratio(self) -> float:
        """Server errors as a share of responses, 0..1."""
        return self.errors / self.responses if self.responses else 0.0


class RecentResponses:
    """Counts responses and server errors by module over the last minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, deque[tuple[float, bool]]] = defaultdict(lambda: deque(maxlen=5000))

    def record(self, module: str, failed: bool) -> None:
        """Record one response."""
        with self._lock:
            self._answers[module].append((time.monotonic(), failed))

    def share(self, module: str) -> ErrorShare:
        """The responses of the last minute."""
        since = time.monotonic() - RESPONSE_WINDOW
        with self._lock:
            found = [failed for at, failed in self._answers[module] if at >= since]
        return ErrorShare(len(found), sum(found))
