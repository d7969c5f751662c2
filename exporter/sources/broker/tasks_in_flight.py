"""Tasks that have not ended, each in about 200 bytes: a burst brings tens of thousands of them.

Python does not give back the memory of many small objects after a burst: a few long-lived ones keep it.
"""

import re
import struct
from collections.abc import Callable
from itertools import islice, takewhile
from math import isnan, nan
from typing import Any

from exporter.sources.broker.task_counters import TaskCounts

Event = dict[str, Any]
EventHandler = Callable[[Event, float], None]
TaskKey = int | str
TaskKind = tuple[str, TaskCounts]
# strict, since another notation of the same number is another id
UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
PACKED_TASK = struct.Struct(
    "<Hddd"
)  # number of the kind; when seen, sent, started, of which not-a-number is none
MAX_KINDS = 2000  # pairs of task name and counts; a task of any other stays an object
EVICTED_FRACTION = 100  # one in so many is evicted at once, since finding the oldest takes time
REBUILD_RATIO = 8  # the dictionary is rebuilt when it once held so many times as many tasks


class TrackedTask:
    """One task that has not ended."""

    __slots__ = (
        "counts", "host", "key", "name", "postponed", "seen_at", "sent_at", "started_at", "unassigned",
    )  # fmt: skip

    def __init__(self, key: TaskKey, name: str, now: float) -> None:
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

    A task that is looked up is an object until `pack` packs it again.
    """

    def __init__(self, most: int) -> None:
        self._max_tasks = most
        self._tasks: dict[TaskKey, TrackedTask | bytes] = {}
        self._unpacked_tasks: list[TrackedTask] = []
        self._numbers: dict[TaskKind, int] = {}
        self._kinds: list[TaskKind] = []
        self._largest = 0

    def find(self, task_id: str) -> TrackedTask | None:
        """The task of this id. Raises TypeError for an invalid id."""
        key = task_key(task_id)
        found = self._tasks.get(key)
        if isinstance(found, bytes):
            found = self._tasks[key] = self._unpack(key, found)
            self._unpacked_tasks.append(found)
        return found

    def add(self, task_id: str, name: str, now: float) -> TrackedTask:
        """Add a new task; the oldest ones are evicted if there are too many."""
        key = task_key(task_id)
        task = self._tasks[key] = TrackedTask(key, name, now)
        self._unpacked_tasks.append(task)
        if len(self._tasks) > self._max_tasks:
            for old in list(islice(self._tasks, max(self._max_tasks // EVICTED_FRACTION, 1))):
                del self._tasks[old]
        return task

    def pop(self, task_id: str) -> TrackedTask | None:
        """Remove and return the task of this id. Raises TypeError for an invalid id."""
        key = task_key(task_id)
        found = self._tasks.pop(key, None)
        return self._unpack(key, found) if isinstance(found, bytes) else found

    def mark_assigned(self, task: TrackedTask) -> None:
        """Mark that nothing waits for this task any more, so that it may be packed."""
        self._unpacked_tasks.append(task)

    def pack(self) -> None:
        """Pack the tasks that were looked up since the last call, unless something waits for them."""
        awake, self._unpacked_tasks = self._unpacked_tasks, []
        for task in awake:
            if self._tasks.get(task.key) is task and task.counts is not None:
                self._tasks[task.key] = self._pack_one(task, task.counts)
        self._largest = max(self._largest, len(self._tasks))

    def expire(self, before: float) -> None:
        """Drop the tasks that were first seen before this time."""
        for key in list(takewhile(lambda key: first_seen_at(self._tasks[key]) < before, self._tasks)):
            del self._tasks[key]
        if len(self._tasks) * REBUILD_RATIO < self._largest:
            self._tasks = dict(self._tasks)  # a dictionary never shrinks
            self._largest = len(self._tasks)

    def sent_at(self, task_id: str) -> float | None:
        """When this task was sent, in Unix seconds; None for an unknown one."""
        found = self._tasks.get(task_key(task_id))
        if isinstance(found, bytes):
            return none_if_nan(PACKED_TASK.unpack(found)[2])
        return None if found is None else found.sent_at

    def _pack_one(self, task: TrackedTask, tally: TaskCounts) -> TrackedTask | bytes:
        kind = task.name, tally
        number = self._numbers.get(kind)
        if number is None:
            if len(self._kinds) >= MAX_KINDS:
                return task
            number = self._numbers[kind] = len(self._kinds)
            self._kinds.append(kind)
        sent = nan if task.sent_at is None else task.sent_at
        started = nan if task.started_at is None else task.started_at
        try:
            return PACKED_TASK.pack(number, task.seen_at, sent, started)
        except (struct.error, OverflowError):
            return task  # an event held an invalid time

    def _unpack(self, key: TaskKey, packed: bytes) -> TrackedTask:
        number, seen, sent, started = PACKED_TASK.unpack(packed)
        name, tally = self._kinds[number]
        task = TrackedTask(key, name, seen)
        task.counts, task.sent_at, task.started_at = tally, none_if_nan(sent), none_if_nan(started)
        return task


def task_key(task_id: str) -> TaskKey:
    """A UUID in Celery's notation as an integer, which takes half the memory; any other id as it is."""
    if type(task_id) is not str:
        raise TypeError("not an id")
    return int(task_id.replace("-", ""), 16) if UUID.fullmatch(task_id) else task_id


def first_seen_at(task: TrackedTask | bytes) -> float:
    """When a task was first seen, in Unix seconds."""
    return float(PACKED_TASK.unpack(task)[1]) if isinstance(task, bytes) else task.seen_at


def none_if_nan(number: float) -> float | None:
    """The number, or None for NaN."""
    return None if isnan(number) else number
