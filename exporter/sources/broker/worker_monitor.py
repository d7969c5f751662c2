"""All workers together: which are alive, which consume which queue, which are stalled."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from exporter.clock import steady_time
from exporter.polling import Poller
from exporter.settings_queues import CelerySettings
from exporter.sources.broker.event_receiver import EventReceiver
from exporter.sources.broker.inspection import InspectReply
from exporter.sources.broker.workers import Worker

WorkerStates = Mapping[str, bool | None]  # whether each worker is alive; None is unknown
InspectReplies = dict[str, InspectReply]


def count_alive(up: WorkerStates, heard_long_enough: bool) -> int | None:
    """How many workers are alive; None while their heartbeats may not have arrived yet."""
    count = sum(state is True for state in up.values())
    if count == 0 and (not heard_long_enough or None in up.values()):
        return None
    return count


def count_consumers(
    queue: str, inspected: Mapping[str, InspectReply] | None, up: WorkerStates, alive: int | None
) -> int | None:
    """How many workers consume the queue; None if unknown."""
    if alive == 0:
        return 0
    if inspected is None:
        return None
    count = sum(queue in worker.queues for name, worker in inspected.items() if up.get(name) is not False)
    return count if count or not uninspected_workers(inspected, up) else None


def uninspected_workers(inspected: Mapping[str, InspectReply], up: WorkerStates) -> set[str]:
    """The workers that are alive and whose queues are unknown."""
    return {name for name, state in up.items() if state and name not in inspected}


class WorkerMonitor:
    """Joins heartbeats and inspection of the backend's workers, without foreign ones."""

    def __init__(self, settings: CelerySettings, receiver: EventReceiver | None) -> None:
        self._settings = settings
        self._receiver = receiver
        self._replies: InspectReplies = {}
        self._inspected_newcomers: set[str] = set()
        self._inspecting: asyncio.Task[None] | None = None

    @property
    def replies(self) -> InspectReplies:
        """The last replies of the backend's own workers."""
        return {name: worker for name, worker in self._replies.items() if not self._is_foreign(name)}

    def apply_replies(self, answers: InspectReplies) -> tuple[set[str], set[str]]:
        """Store the replies to an inspection; the queues of the backend's workers, and of foreign ones."""
        self._replies = answers
        own = self.replies
        if self._receiver is not None:
            names = {task for worker in own.values() for task in worker.tasks}
            self._receiver.known_tasks = frozenset(sorted(names)[: self._settings.tasks])
        foreign = {q for name, w in answers.items() if name not in own for q in w.queues}
        return {q for worker in own.values() for q in worker.queues}, foreign

    def states(self) -> dict[str, bool | None]:
        """Whether each known worker is alive; None where that is unknown now."""
        if self._receiver is None:
            return {}
        now = time.time()
        since, workers = self._receiver.listening_since(now), self._receiver.workers
        return {
            name: is_any_alive([workers.is_alive(one, since, now) for one in each])
            for name, each in self.workers().items()
        }

    def workers(self) -> dict[str, list[Worker]]:
        """The backend's known workers by name; two processes may share one."""
        found = {} if self._receiver is None else self._receiver.workers.all()
        return {name: each for name, each in found.items() if not self._is_foreign(name)}

    def count_alive(self) -> int | None:
        """How many workers are alive; None if that is unknown now."""
        now = time.time()
        since = None if self._receiver is None else self._receiver.listening_since(now)
        if self._receiver is None or since is None:
            return None
        up = self._receiver.workers.is_alive
        states = {
            f"{name} {number}": up(worker, since, now)
            for name, each in self.workers().items()
            for number, worker in enumerate(each)
        }
        timeout = self._settings.worker_timeout
        heard = max((it.last_heartbeat for each in self.workers().values() for it in each), default=0.0)
        # a worker that said goodbye a moment ago may be restarting: that none is left is not known yet
        return count_alive(states, now - since > timeout and now - heard > timeout)

    def stalled_workers(self) -> tuple[str, ...]:
        """The workers with tasks that could start and do not, though a process is free."""
        now = time.time()
        if self._receiver is None or self._receiver.listening_since(now) is None:
            return ()
        after, answers = self._settings.stalled_after, self._replies
        return tuple(
            name
            for name, stall in self._receiver.workers.pool_states(now).items()
            if not self._is_foreign(name) and stall.is_stalled(after, *pool_limits(answers.get(name)))
        )

    def snapshot(self, inspection: Poller[InspectReplies]) -> "WorkersSnapshot":
        """The workers at this moment."""
        return WorkersSnapshot(
            self, inspection, self._fresh_replies(inspection), self.states(), self.count_alive()
        )

    def inspect_soon(self, names: set[str], inspection: Poller[InspectReplies]) -> None:
        """Inspect new workers ahead of time, once each; one that never replies waits for its turn."""
        if names <= self._inspected_newcomers or (
            self._inspecting is not None and not self._inspecting.done()
        ):
            return
        self._inspected_newcomers = names
        self._inspecting = asyncio.create_task(inspection.refresh(), name="ask newcomers")

    async def close(self) -> None:
        """Wait for a running inspection."""
        if self._inspecting is not None:
            await asyncio.gather(self._inspecting, return_exceptions=True)

    def _fresh_replies(self, inspection: Poller[InspectReplies]) -> InspectReplies | None:
        # never awaited: inspection takes a second, and scrapes come four times a second
        answered, failed = inspection.succeeded_at, inspection.error is not None
        if failed or answered is None or steady_time() - answered > inspection.max_age():
            return None
        return self.replies

    def _is_foreign(self, name: str) -> bool:
        return self._receiver is not None and self._receiver.foreign.is_foreign(name)


@dataclass(frozen=True)
class WorkersSnapshot:
    """The workers at one moment."""

    monitor: WorkerMonitor
    inspection: Poller[InspectReplies]
    replies: InspectReplies | None
    states: dict[str, bool | None]
    alive: int | None

    def count_consumers(self, queue: str) -> int | None:
        """How many workers consume the queue; None if unknown."""
        return count_consumers(queue, self.replies, self.states, self.alive)

    def inspect_new_workers(self) -> None:
        """Inspect soon if workers are alive that were not inspected."""
        if self.replies is not None:
            self.monitor.inspect_soon(uninspected_workers(self.replies, self.states), self.inspection)


def is_any_alive(states: list[bool | None]) -> bool | None:
    """Whether any of them is alive; None if one may be."""
    if True in states:
        return True
    return None if None in states else False


def pool_limits(worker: InspectReply | None) -> tuple[int | None, set[str]]:
    """The processes and the rate-limited tasks of a worker, as far as known."""
    return (None, set()) if worker is None else (worker.processes, worker.rate_limited)
