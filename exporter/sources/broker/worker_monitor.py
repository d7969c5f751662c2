"""The workers as a whole: who is up, who takes from which queue, who takes tasks and starts none."""

import asyncio
import time
from dataclasses import dataclass

from exporter.clock import steady_time
from exporter.polling import Poller
from exporter.settings_queues import CelerySettings
from exporter.sources.broker.consumers import count_alive, count_consumers, uninspected_workers
from exporter.sources.broker.event_receiver import EventReceiver
from exporter.sources.broker.inspection import InspectReply
from exporter.sources.broker.workers import Worker

InspectReplies = dict[str, InspectReply]


class WorkerMonitor:
    """What heartbeats and inspection say of the backend's workers; foreign ones are left out."""

    def __init__(self, settings: CelerySettings, receiver: EventReceiver | None) -> None:
        self._settings = settings
        self._receiver = receiver
        self._replies: InspectReplies = {}
        self._inspected_newcomers: set[str] = set()
        self._inspecting: asyncio.Task[None] | None = None

    @property
    def replies(self) -> InspectReplies:
        """The last answers of the backend's own workers."""
        return {name: worker for name, worker in self._replies.items() if not self._is_foreign(name)}

    def apply_replies(self, answers: InspectReplies) -> tuple[set[str], set[str]]:
        """Take the answers to an inspection; the queues of the backend's workers, and of foreign ones."""
        self._replies = answers
        own = self.replies
        if self._receiver is not None:
            names = {task for worker in own.values() for task in worker.tasks}
            self._receiver.known_tasks = frozenset(sorted(names)[: self._settings.tasks])
        foreign = {q for name, w in answers.items() if name not in own for q in w.queues}
        return {q for worker in own.values() for q in worker.queues}, foreign

    def states(self) -> dict[str, bool | None]:
        """Whether each worker heard of lately is up; None where that cannot be known now."""
        if self._receiver is None:
            return {}
        now = time.time()
        since, workers = self._receiver.listening_since(now), self._receiver.workers
        return {
            name: is_any_alive([workers.is_alive(one, since, now) for one in each])
            for name, each in self.workers().items()
        }

    def workers(self) -> dict[str, list[Worker]]:
        """The backend's workers heard of lately, by name; two processes may share one."""
        found = {} if self._receiver is None else self._receiver.workers.all()
        return {name: each for name, each in found.items() if not self._is_foreign(name)}

    def count_alive(self) -> int | None:
        """How many workers are up, None when that cannot be known now."""
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
        return count_alive(states, now - since > self._settings.worker_timeout)

    def stalled_workers(self) -> tuple[str, ...]:
        """The workers that hold tasks which could start and do not, though a process of theirs is free."""
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
        """Who takes from which queue now."""
        return WorkersSnapshot(
            self, inspection, self._fresh_replies(inspection), self.states(), self.count_alive()
        )

    def inspect_soon(self, names: set[str], inspection: Poller[InspectReplies]) -> None:
        """Inspect out of turn for newcomers, once for each; one that never answers is left to its turn."""
        if names <= self._inspected_newcomers or (
            self._inspecting is not None and not self._inspecting.done()
        ):
            return
        self._inspected_newcomers = names
        self._inspecting = asyncio.create_task(inspection.refresh(), name="ask newcomers")

    async def close(self) -> None:
        """Wait for an inspection that is under way."""
        if self._inspecting is not None:
            await asyncio.gather(self._inspecting, return_exceptions=True)

    def _fresh_replies(self, inspection: Poller[InspectReplies]) -> InspectReplies | None:
        # never waited for: inspection takes a second, and this is asked four times in one
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
        """How many workers take from the queue; None when nobody could say."""
        return count_consumers(queue, self.replies, self.states, self.alive)

    def inspect_new_workers(self) -> None:
        """Inspect soon where workers are up that were not inspected."""
        if self.replies is not None:
            self.monitor.inspect_soon(uninspected_workers(self.replies, self.states), self.inspection)


def is_any_alive(states: list[bool | None]) -> bool | None:
    """Up where one of them is, unknown where one may be."""
    if True in states:
        return True
    return None if None in states else False


def pool_limits(worker: InspectReply | None) -> tuple[int | None, set[str]]:
    """The processes of a worker and its tasks of limited rate, as far as it answered."""
    return (None, set()) if worker is None else (worker.processes, worker.rate_limited)
