"""Each worker by its heartbeats and events, and the tasks that it has accepted and not started."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from exporter.cardinality import sanitize_label
from exporter.metrics import is_finite

MAX_WAITING_TASKS = 2000  # tracked tasks of one worker; the oldest matter
# sw_ident in the heartbeats of the ingestion service's own workers
OWN_SOFTWARE = "watchroom"
MAX_FOREIGN_WORKERS = 1000
Event = dict[str, Any]
WorkerKey = tuple[str, int]  # node name as a label, and process id: two workers may share a name


@dataclass(frozen=True)
class WaitingTask:
    """A task that a worker has accepted: its name, and since when it could have started, in Unix seconds."""

    task: str
    due: float


@dataclass(frozen=True)
class PoolState:
    """How many tasks run in a worker, and how many seconds tasks that are due have waited, by name."""

    active: float | None
    waiting: dict[str, float] = field(default_factory=dict)

    @property
    def longest_wait(self) -> float:
        """Seconds that the oldest of them has waited."""
        return max(self.waiting.values(), default=0.0)

    def is_stalled(self, after: float, processes: int | None, limited: Collection[str]) -> bool:
        """Whether a task waits for longer than `after` seconds though a process is free.

        Rate-limited tasks wait for their limit. If the number of processes is unknown, the one that
        runs a task may be the only one.
        """
        free = (self.active or 0.0) < (processes or 1)
        return free and any(seconds > after for task, seconds in self.waiting.items() if task not in limited)


class UnstartedTasks:
    """The tasks that one worker has accepted and not started. One thread writes, others read."""

    def __init__(self) -> None:
        self._waiting: dict[str, WaitingTask] = {}
        self._moved_at = 0.0

    def add(self, task_id: str, task: str, due: float, now: float) -> None:
        """Add an accepted task, which may start when it is due."""
        if len(self._waiting) < MAX_WAITING_TASKS:
            self._waiting[task_id] = WaitingTask(task, max(due, now))

    def mark_started(self, task_id: str, now: float) -> None:
        """Record that a task started: the pool accepts tasks."""
        self._waiting.pop(task_id, None)
        self._moved_at = now

    def mark_ended(self, task_id: str, now: float) -> None:
        """Record that a task ended, which frees a process."""
        self._waiting.pop(task_id, None)
        self._moved_at = now

    def clear(self) -> None:
        """Drop all."""
        self._waiting.clear()

    def longest_waits(self, now: float) -> dict[str, float]:
        """Seconds that each task that is due has waited without any task starting or ending, by name."""
        found: dict[str, float] = {}
        for waiting in self._waiting.copy().values():
            seconds = now - max(waiting.due, self._moved_at)
            if seconds > found.get(waiting.task, 0.0):
                found[waiting.task] = seconds
        return found


class ForeignWorkers:
    """Workers on this broker that are not the backend's; they count neither as workers nor as consumers.

    The patterns of the settings match them; heartbeats identify those of the ingestion service.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(patterns)
        self._names: set[str] = set()

    def is_sender(self, event: dict[str, Any]) -> bool:
        """Whether a foreign worker sent this event. Raises KeyError or TypeError for a malformed event."""
        name = event["hostname"]
        if event.get("sw_ident") == OWN_SOFTWARE and len(self._names) < MAX_FOREIGN_WORKERS:
            self._names.add(name)
        return self.is_foreign(name)

    def is_foreign(self, name: str) -> bool:
        """Whether the worker with this node name is foreign."""
        return name in self._names or any(fnmatchcase(name, pattern) for pattern in self._patterns)


class Worker:
    """The last heartbeat of one worker, and how many of its tasks started by events."""

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
        """Record a heartbeat; the number of tasks newly found to have sent no event."""
        active = event.get("active")
        self.last_heartbeat, self.online = now, True
        self.active = float(active) if is_finite(active) else None  # type: ignore[arg-type]
        processed = event.get("processed")
        return self._count_missed(processed) if isinstance(processed, int) else 0

    def _count_missed(self, accepted: int) -> int:
        if self._accepted_from is None or accepted < self._accepted_then:  # a new worker, or a restarted one
            self._accepted_from = self._accepted_then = accepted
            self.started = self._missed_events = 0
        # events of what was accepted before the previous heartbeat have had time to arrive
        missed = self._accepted_then - self._accepted_from - self.started
        self._accepted_then = accepted
        more = max(missed - self._missed_events, 0)
        self._missed_events += more
        return more


class BrokerWorkers:
    """Every worker with a recent heartbeat. The receiver's thread writes; others read whole copies."""

    def __init__(self, most: int, timeout: float, forgotten: float) -> None:
        self._max_workers = most
        self._timeout = timeout
        self._forget_after = forgotten
        self._workers: dict[WorkerKey, Worker] = {}
        self.missed_events = 0

    def handlers(self) -> dict[str, Callable[[Event, float], None]]:
        """The handler of each type of event."""
        return {
            "worker-online": self._record_heartbeat,
            "worker-heartbeat": self._record_heartbeat,
            "worker-offline": self._mark_offline,
        }

    def record_received(self, event: Event, task: str, due: float, now: float) -> None:
        """Record that the sender of this event accepted a task, which may start when it is due."""
        worker = self._workers.get(worker_key(event))
        if worker is not None:
            worker.unstarted.add(event["uuid"], task, due, now)

    def record_started(self, event: Event, now: float) -> None:
        """Count a task that the sender of this event started."""
        worker = self._workers.get(worker_key(event))
        if worker is not None:
            worker.started += 1
            worker.unstarted.mark_started(event["uuid"], now)

    def record_ended(self, event: Event, now: float) -> None:
        """Record that a task ended, whatever its result."""
        worker = self._workers.get(worker_key(event))
        if worker is not None:
            worker.unstarted.mark_ended(event["uuid"], now)

    def clear_unstarted(self) -> None:
        """Drop all waiting tasks: events lost during a disconnect may have started them."""
        for worker in self.processes().values():
            worker.unstarted.clear()

    def processes(self) -> dict[WorkerKey, Worker]:
        """A copy of the workers by name and process, safe to iterate."""
        return self._workers.copy()

    def all(self) -> dict[str, list[Worker]]:
        """A copy of the workers by name, usually one for each name."""
        found: dict[str, list[Worker]] = {}
        for (name, _), worker in self.processes().items():
            found.setdefault(name, []).append(worker)
        return found

    def is_alive(self, worker: Worker, since: float | None, now: float) -> bool | None:
        """Whether it is alive, None if unknown; `since` is when the subscription began, None without one."""
        if since is None:
            return None
        if not worker.online:
            return False
        if now - worker.last_heartbeat <= self._timeout:
            return True
        return None if now - since <= self._timeout else False

    def pool_states(self, now: float) -> dict[str, PoolState]:
        """The pool of each worker that is online by name; the longest wait where two share a name."""
        found: dict[str, PoolState] = {}
        for (name, _), worker in self.processes().items():
            if worker.online and now - worker.last_heartbeat <= self._timeout:
                stall = PoolState(worker.active, worker.unstarted.longest_waits(now))
                before = found.get(name)
                found[name] = stall if before is None else max(before, stall, key=lambda s: s.longest_wait)
        return found

    def expire(self, now: float) -> None:
        """Drop workers without a heartbeat for long."""
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
    """The worker that sent this event. Raises TypeError if the event names none."""
    pid = event.get("pid")
    return sanitize_label(event["hostname"]), pid if isinstance(pid, int) else 0
