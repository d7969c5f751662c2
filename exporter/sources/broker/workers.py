"""The workers as their heartbeats tell of them."""

from collections.abc import Callable
from typing import Any

from exporter.bounds import label
from exporter.metrics import known

Event = dict[str, Any]


class Worker:
    """What one worker last said of itself, and how many of its tasks we saw start."""

    __slots__ = ("_accepted_from", "_accepted_then", "_missed", "active", "heard_at", "online", "started")

    def __init__(self) -> None:
        self.heard_at = 0.0
        self.online = True
        self.active: float | None = None
        self.started = 0
        self._accepted_from: int | None = None
        self._accepted_then = 0
        self._missed = 0

    def says(self, event: Event, now: float) -> int:
        """Take a heartbeat; how many more of its tasks it turns out that no event told us of."""
        active = event.get("active")
        self.heard_at, self.online = now, True
        self.active = float(active) if known(active) else None  # type: ignore[arg-type]
        processed = event.get("processed")
        return self._count(processed) if isinstance(processed, int) else 0

    def _count(self, accepted: int) -> int:
        if self._accepted_from is None or accepted < self._accepted_then:  # new to us, or started anew
            self._accepted_from = self._accepted_then = accepted
            self.started = self._missed = 0
        # what was accepted by the heartbeat before this one has had the time to be told of
        missed = self._accepted_then - self._accepted_from - self.started
        self._accepted_then = accepted
        more = max(missed - self._missed, 0)
        self._missed += more
        return more


class Workers:
    """Every worker heard of lately. Written by the receiver's thread, read by others as whole copies."""

    def __init__(self, most: int, timeout: float, forgotten: float) -> None:
        self._most = most
        self._timeout = timeout
        self._forgotten = forgotten
        self._workers: dict[str, Worker] = {}
        self.missed = 0

    def handlers(self) -> dict[str, Callable[[Event, float], None]]:
        """What to do with each type of event."""
        return {
            "worker-online": self._beat,
            "worker-heartbeat": self._beat,
            "worker-offline": self._offline,
        }

    def started(self, hostname: str) -> None:
        """Count a task that this worker has started."""
        worker = self._workers.get(hostname)
        if worker is not None:
            worker.started += 1

    def all(self) -> dict[str, Worker]:
        """The workers by name, safe to walk."""
        return self._workers.copy()

    def up(self, worker: Worker, since: float | None, now: float) -> bool | None:
        """Whether it lives; `since` is when we began to listen, None when we do not. None is unknown."""
        if since is None:
            return None
        if not worker.online:
            return False
        if now - worker.heard_at <= self._timeout:
            return True
        return None if now - since <= self._timeout else False

    def expire(self, now: float) -> None:
        """Forget those not heard of for long."""
        for name, worker in self.all().items():
            if now - worker.heard_at > self._forgotten:
                del self._workers[name]

    def _beat(self, event: Event, now: float) -> None:
        name = label(event["hostname"])
        if name not in self._workers:
            self._make_room()
            self._workers[name] = Worker()
        self.missed += self._workers[name].says(event, now)

    def _offline(self, event: Event, now: float) -> None:
        self._beat(event, now)
        self._workers[label(event["hostname"])].online = False

    def _make_room(self) -> None:
        if len(self._workers) >= self._most:
            oldest = min(self._workers, key=lambda name: self._workers[name].heard_at)
            del self._workers[oldest]
