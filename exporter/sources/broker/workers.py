"""The workers as their heartbeats tell of them."""

from collections.abc import Callable
from typing import Any

from exporter.cardinality import sanitize_label
from exporter.metrics import is_finite
from exporter.sources.broker.stalls import PoolState, UnstartedTasks

Event = dict[str, Any]
WorkerKey = tuple[str, int]  # the node name as a label, and the process: two workers may be called the same


class Worker:
    """What one worker last said of itself, and how many of its tasks we saw start."""

    __slots__ = (
        "_accepted_from",
        "_accepted_then",
        "_missed",
        "active",
        "heard_at",
        "online",
        "started",
        "waits",
    )

    def __init__(self) -> None:
        self.heard_at = 0.0
        self.online = True
        self.active: float | None = None
        self.started = 0
        self.waits = UnstartedTasks()
        self._accepted_from: int | None = None
        self._accepted_then = 0
        self._missed = 0

    def says(self, event: Event, now: float) -> int:
        """Take a heartbeat; how many more of its tasks it turns out that no event told us of."""
        active = event.get("active")
        self.heard_at, self.online = now, True
        self.active = float(active) if is_finite(active) else None  # type: ignore[arg-type]
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


class BrokerWorkers:
    """Every worker heard of lately. Written by the receiver's thread, read by others as whole copies."""

    def __init__(self, most: int, timeout: float, forgotten: float) -> None:
        self._most = most
        self._timeout = timeout
        self._forgotten = forgotten
        self._workers: dict[WorkerKey, Worker] = {}
        self.missed = 0

    def handlers(self) -> dict[str, Callable[[Event, float], None]]:
        """What to do with each type of event."""
        return {
            "worker-online": self._beat,
            "worker-heartbeat": self._beat,
            "worker-offline": self._offline,
        }

    def received(self, event: Event, task: str, due: float, now: float) -> None:
        """Note that the worker which sent this event has taken a task, to be started when it is due."""
        worker = self._workers.get(worker_key(event))
        if worker is not None:
            worker.waits.add(event["uuid"], task, due, now)

    def started(self, event: Event, now: float) -> None:
        """Count a task that this worker has started."""
        worker = self._workers.get(worker_key(event))
        if worker is not None:
            worker.started += 1
            worker.waits.started(event["uuid"], now)

    def ended(self, event: Event, now: float) -> None:
        """Note that a task waits no more, however it ended."""
        worker = self._workers.get(worker_key(event))
        if worker is not None:
            worker.waits.ended(event["uuid"], now)

    def forget_waiting(self) -> None:
        """Forget which tasks wait: what was told while nobody listened may have started them."""
        for worker in self.processes().values():
            worker.waits.clear()

    def processes(self) -> dict[WorkerKey, Worker]:
        """The workers by name and process, safe to walk."""
        return self._workers.copy()

    def all(self) -> dict[str, list[Worker]]:
        """The workers by name, safe to walk; most often one for each name."""
        found: dict[str, list[Worker]] = {}
        for (name, _), worker in self.processes().items():
            found.setdefault(name, []).append(worker)
        return found

    def up(self, worker: Worker, since: float | None, now: float) -> bool | None:
        """Whether it lives; `since` is when we began to listen, None when we do not. None is unknown."""
        if since is None:
            return None
        if not worker.online:
            return False
        if now - worker.heard_at <= self._timeout:
            return True
        return None if now - since <= self._timeout else False

    def stalls(self, now: float) -> dict[str, PoolState]:
        """Of each worker that is online, what its tasks wait for, by name; the worst where two share it."""
        found: dict[str, PoolState] = {}
        for (name, _), worker in self.processes().items():
            if worker.online and now - worker.heard_at <= self._timeout:
                stall = PoolState(worker.active, worker.waits.oldest(now))
                before = found.get(name)
                found[name] = stall if before is None else max(before, stall, key=lambda s: s.seconds)
        return found

    def expire(self, now: float) -> None:
        """Forget those not heard of for long."""
        for key, worker in self.processes().items():
            if now - worker.heard_at > self._forgotten:
                del self._workers[key]

    def _beat(self, event: Event, now: float) -> None:
        key = worker_key(event)
        if key not in self._workers:
            self._make_room()
            self._workers[key] = Worker()
        self.missed += self._workers[key].says(event, now)

    def _offline(self, event: Event, now: float) -> None:
        self._beat(event, now)
        self._workers[worker_key(event)].online = False

    def _make_room(self) -> None:
        if len(self._workers) >= self._most:
            oldest = min(self._workers, key=lambda key: self._workers[key].heard_at)
            del self._workers[oldest]


def worker_key(event: Event) -> WorkerKey:
    """The worker that sent this event. Raises TypeError where it names none."""
    pid = event.get("pid")
    return sanitize_label(event["hostname"]), pid if isinstance(pid, int) else 0
