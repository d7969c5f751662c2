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
        "_missed_events",
        "active",
        "last_heartbeat",
        "online",
        "started",
        "unstarted",
    )

    def __init__(self) -> None:
        self.last_heartbeat = 0.0
        self.online = True
        self.active: float | None = None
        self.started = 0
        self.unstarted = UnstartedTasks()
        self._accepted_from: int | None = None
        self._accepted_then = 0
        self._missed_events = 0

    def record_heartbeat(self, event: Event, now: float) -> int:
        """Take a heartbeat; how many more of its tasks it turns out that no event told us of."""
        active = event.get("active")
        self.last_heartbeat, self.online = now, True
        self.active = float(active) if is_finite(active) else None  # type: ignore[arg-type]
        processed = event.get("processed")
        return self._count_missed(processed) if isinstance(processed, int) else 0

    def _count_missed(self, accepted: int) -> int:
        if self._accepted_from is None or accepted < self._accepted_then:  # new to us, or started anew
            self._accepted_from = self._accepted_then = accepted
            self.started = self._missed_events = 0
        # what was accepted by the heartbeat before this one has had the time to be told of
        missed = self._accepted_then - self._accepted_from - self.started
        self._accepted_then = accepted
        more = max(missed - self._missed_events, 0)
        self._missed_events += more
        return more


class BrokerWorkers:
    """Every worker heard of lately. Written by the receiver's thread, read by others as whole copies."""

    def __init__(self, most: int, timeout: float, forgotten: float) -> None:
        self._max_workers = most
        self._timeout = timeout
        self._forget_after = forgotten
        self._workers: dict[WorkerKey, Worker] = {}
        self.missed_events = 0

    def handlers(self) -> dict[str, Callable[[Event, float], None]]:
        """What to do with each type of event."""
        return {
            "worker-online": self._record_heartbeat,
            "worker-heartbeat": self._record_heartbeat,
            "worker-offline": self._mark_offline,
        }

    def record_received(self, event: Event, task: str, due: float, now: float) -> None:
        """Note that the worker which sent this event has taken a task, to be started when it is due."""
        worker = self._workers.get(worker_key(event))
        if worker is not None:
            worker.unstarted.add(event["uuid"], task, due, now)

    def record_started(self, event: Event, now: float) -> None:
        """Count a task that this worker has started."""
        worker = self._workers.get(worker_key(event))
        if worker is not None:
            worker.started += 1
            worker.unstarted.mark_started(event["uuid"], now)

    def record_ended(self, event: Event, now: float) -> None:
        """Note that a task waits no more, however it ended."""
        worker = self._workers.get(worker_key(event))
        if worker is not None:
            worker.unstarted.mark_ended(event["uuid"], now)

    def clear_unstarted(self) -> None:
        """Forget which tasks wait: what was told while nobody listened may have started them."""
        for worker in self.processes().values():
            worker.unstarted.clear()

    def processes(self) -> dict[WorkerKey, Worker]:
        """The workers by name and process, safe to walk."""
        return self._workers.copy()

    def all(self) -> dict[str, list[Worker]]:
        """The workers by name, safe to walk; most often one for each name."""
        found: dict[str, list[Worker]] = {}
        for (name, _), worker in self.processes().items():
            found.setdefault(name, []).append(worker)
        return found

    def is_alive(self, worker: Worker, since: float | None, now: float) -> bool | None:
        """Whether it lives; `since` is when we began to listen, None when we do not. None is unknown."""
        if since is None:
            return None
        if not worker.online:
            return False
        if now - worker.last_heartbeat <= self._timeout:
            return True
        return None if now - since <= self._timeout else False

    def pool_states(self, now: float) -> dict[str, PoolState]:
        """Of each worker that is online, what its tasks wait for, by name; the worst where two share it."""
        found: dict[str, PoolState] = {}
        for (name, _), worker in self.processes().items():
            if worker.online and now - worker.last_heartbeat <= self._timeout:
                stall = PoolState(worker.active, worker.unstarted.longest_waits(now))
                before = found.get(name)
                found[name] = stall if before is None else max(before, stall, key=lambda s: s.longest_wait)
        return found

    def expire(self, now: float) -> None:
        """Forget those not heard of for long."""
        for key, worker in self.processes().items():
            if now - worker.last_heartbeat > self._forget_after:
                del self._workers[key]

    def _record_heartbeat(self, event: Event, now: float) -> None:
        key = worker_key(event)
        if key not in self._workers:
            self._make_room()
            self._workers[key] = Worker()
        self.missed_events += self._workers[key].record_heartbeat(event, now)

    def _mark_offline(self, event: Event, now: float) -> None:
        self._record_heartbeat(event, now)
        self._workers[worker_key(event)].online = False

    def _make_room(self) -> None:
        if len(self._workers) >= self._max_workers:
            oldest = min(self._workers, key=lambda key: self._workers[key].last_heartbeat)
            del self._workers[oldest]


def worker_key(event: Event) -> WorkerKey:
    """The worker that sent this event. Raises TypeError where it names none."""
    pid = event.get("pid")
    return sanitize_label(event["hostname"]), pid if isinstance(pid, int) else 0
