"""Tasks that a worker has taken and not started: how long the oldest that is due has waited for a process."""

from collections.abc import Collection
from dataclasses import dataclass, field

MAX_WAITING_TASKS = 2000  # tasks of one worker that are followed; the oldest matter


@dataclass(frozen=True)
class WaitingTask:
    """A task that a worker holds: its name, and since when it could have started, in Unix seconds."""

    task: str
    due: float


@dataclass(frozen=True)
class PoolState:
    """The tasks that run in a worker, and those that are due and wait, by name with seconds waited."""

    active: float | None
    waiting: dict[str, float] = field(default_factory=dict)

    @property
    def longest_wait(self) -> float:
        """How long the one that has waited longest has done so."""
        return max(self.waiting.values(), default=0.0)

    def is_stalled(self, after: float, processes: int | None, limited: Collection[str]) -> bool:
        """Whether a task waits for longer than `after` seconds though a process is free.

        Tasks of a limited rate wait for that. Where nobody knows how many processes there are, one that
        runs a task may be the only one.
        """
        free = (self.active or 0.0) < (processes or 1)
        return free and any(seconds > after for task, seconds in self.waiting.items() if task not in limited)


class UnstartedTasks:
    """The tasks that one worker has taken and not started. One thread writes, others read."""

    def __init__(self) -> None:
        self._waiting: dict[str, WaitingTask] = {}
        self._moved_at = 0.0

    def add(self, task_id: str, task: str, due: float, now: float) -> None:
        """Note a task that the worker received, which may start when it is due."""
        if len(self._waiting) < MAX_WAITING_TASKS:
            self._waiting[task_id] = WaitingTask(task, max(due, now))

    def mark_started(self, task_id: str, now: float) -> None:
        """Note that a task was started: the pool takes tasks."""
        self._waiting.pop(task_id, None)
        self._moved_at = now

    def mark_ended(self, task_id: str, now: float) -> None:
        """Note that a task ended, which makes room for another."""
        self._waiting.pop(task_id, None)
        self._moved_at = now

    def clear(self) -> None:
        """Forget all."""
        self._waiting.clear()

    def longest_waits(self, now: float) -> dict[str, float]:
        """Of each task that is due, how long the pool has let it wait without any task starting or ending."""
        found: dict[str, float] = {}
        for waiting in self._waiting.copy().values():
            seconds = now - max(waiting.due, self._moved_at)
            if seconds > found.get(waiting.task, 0.0):
                found[waiting.task] = seconds
        return found
