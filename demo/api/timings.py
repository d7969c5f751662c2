"""How long named pieces of work took, and how many database queries were slow."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

SLOW_SECONDS = 0.1


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
