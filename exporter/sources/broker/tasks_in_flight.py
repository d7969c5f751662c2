"""Tasks that have not ended, each in about 50 bytes: a burst brings tens of thousands of them."""

import struct
from collections.abc import Callable
from itertools import islice, takewhile
from math import isnan, nan
from typing import Any

from exporter.sources.broker.task_counters import TaskCounts
from exporter.sources.broker.task_table import PackedTask, TaskTable, task_key

Event = dict[str, Any]
EventHandler = Callable[[Event, float], None]
TaskKind = tuple[str, TaskCounts]
MAX_KINDS = 2000  # pairs of task name and counts; a task of any other stays an object
EVICTED_FRACTION = 100  # one in so many is evicted at once


class TrackedTask:
    """One task that has not ended."""

    __slots__ = (
        "counts", "host", "key", "name", "postponed", "seen_at", "sent_at", "started_at", "unassigned",
    )  # fmt: skip

    def __init__(self, key: bytes, name: str, now: float) -> None:
        self.key = key
        self.name = name
        self.seen_at = now
        self.sent_at: float | None = None  # or its ETA
        self.started_at: float | None = None
        self.counts: TaskCounts | None = None  # None until its queue is known
        self.host = ""  # the worker that last received or started it; forgotten when the task is packed
        self.unassigned = 0  # received events that wait for the queue
        self.postponed: list[tuple[EventHandler, Event, float]] | None = (
            None  # later events that wait for the queue
        )


class TasksInFlight:
    """A bounded number of tasks by id. One thread writes; any may call `sent_at`.

    A task that is looked up is an object until `pack` packs it again, in its old place.
    """

    def __init__(self, most: int) -> None:
        self._max_tasks = most
        self._packed = TaskTable()
        self._objects: dict[bytes, TrackedTask] = {}  # these count, whatever is packed of the same task
        self._unpacked_tasks: list[TrackedTask] = []
        self._numbers: dict[TaskKind, int] = {}
        self._kinds: list[TaskKind] = []

    def find(self, task_id: str) -> TrackedTask | None:
        """The task of this id. Raises TypeError for an invalid id."""
        key = task_key(task_id)
        found = self._objects.get(key)
        if found is None and (packed := self._packed.get(key)) is not None:
            found = self._objects[key] = self._unpack(key, packed)
            self._unpacked_tasks.append(found)
        return found

    def add(self, task_id: str, name: str, now: float) -> TrackedTask:
        """Add a new task; the oldest ones are evicted if there are too many."""
        key = task_key(task_id)
        task = self._objects[key] = TrackedTask(key, name, now)
        self._unpacked_tasks.append(task)
        if len(self._packed) + len(self._objects) > self._max_tasks:
            self._evict(max(self._max_tasks // EVICTED_FRACTION, 1))
        return task

    def pop(self, task_id: str) -> TrackedTask | None:
        """Remove and return the task of this id. Raises TypeError for an invalid id."""
        key = task_key(task_id)
        found, packed = self._objects.pop(key, None), self._packed.pop(key)
        return self._unpack(key, packed) if found is None and packed is not None else found

    def mark_assigned(self, task: TrackedTask) -> None:
        """Mark that nothing waits for this task any more, so that it may be packed."""
        self._unpacked_tasks.append(task)

    def pack(self) -> None:
        """Pack the tasks that were looked up since the last call, unless something waits for them."""
        looked_up, self._unpacked_tasks = self._unpacked_tasks, []
        for task in looked_up:
            is_here = self._objects.get(task.key) is task
            if is_here and task.counts is not None and self._pack_one(task, task.counts):
                del self._objects[task.key]

    def expire(self, before: float) -> None:
        """Drop the tasks that were first seen before this time."""
        self._packed.remove_before(before)
        for task in list(takewhile(lambda it: it.seen_at < before, self._objects.values())):
            del self._objects[task.key]

    def sent_at(self, task_id: str) -> float | None:
        """When this task was sent, in Unix seconds; None for an unknown one."""
        key = task_key(task_id)
        found, packed = self._objects.get(key), self._packed.get(key)
        if found is not None:
            return found.sent_at
        return None if packed is None else none_if_nan(packed.sent_at)

    def _evict(self, tasks: int) -> None:
        of_objects = tasks - len(self._packed)
        self._packed.remove_oldest(tasks)
        for key in list(islice(self._objects, max(of_objects, 0))):
            del self._objects[key]

    def _pack_one(self, task: TrackedTask, tally: TaskCounts) -> bool:
        """Pack this task; whether that is possible."""
        kind = task.name, tally
        number = self._numbers.get(kind)
        if number is None:
            if len(self._kinds) >= MAX_KINDS:
                return False
            number = self._numbers[kind] = len(self._kinds)
            self._kinds.append(kind)
        sent = nan if task.sent_at is None else task.sent_at
        started = nan if task.started_at is None else task.started_at
        try:
            self._packed.put(task.key, PackedTask(number, task.seen_at, sent, started))
        except (struct.error, OverflowError):
            return False  # an event held an invalid time
        return True

    def _unpack(self, key: bytes, packed: PackedTask) -> TrackedTask:
        name, tally = self._kinds[packed.kind]
        task = TrackedTask(key, name, packed.seen_at)
        task.counts = tally
        task.sent_at, task.started_at = none_if_nan(packed.sent_at), none_if_nan(packed.started_at)
        return task


def none_if_nan(number: float) -> float | None:
    """The number, or None for NaN."""
    return None if isnan(number) else number
