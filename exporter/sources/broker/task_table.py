"""A dictionary of tasks in two flat arrays: 50 bytes a task, where Python's objects would take 170.

A row for each task in the order of arrival, and an index that finds the row of a key: open addressing, as in
Python's own dictionaries. Both are released as a whole when the tasks are gone; of many small objects a few
long-lived ones keep the memory.
"""

import struct
from array import array
from hashlib import blake2b
from typing import NamedTuple

KEY_BYTES = 16
TASK = struct.Struct("<Hddd")  # behind the key
KIND = struct.Struct("<H")
ROW_BYTES = KEY_BYTES + TASK.size
GONE = 0xFFFF  # the kind in the row of a task that was removed
EMPTY, REMOVED = 0, 0xFFFF_FFFF  # in the index, where row numbers count from 1
SMALLEST = 256  # entries of the smallest index
SHRINK_RATIO = 4  # the arrays are rebuilt when they hold so many times as many rows as tasks
Arrays = tuple["array[int]", bytearray]


class PackedTask(NamedTuple):
    """The number of a task's kind, and when it was seen, sent and started; not-a-number is never."""

    kind: int
    seen_at: float
    sent_at: float
    started_at: float


class TaskTable:
    """Tasks by key. One thread writes; any may call `get`, which sees the arrays of one moment."""

    def __init__(self) -> None:
        self._arrays = index_rows(bytearray())
        self._count = 0
        self._first = 0  # no row before this one has a task

    def __len__(self) -> int:
        return self._count

    def get(self, key: bytes) -> PackedTask | None:
        """The task of this key."""
        index, rows = self._arrays
        _, row = find_slot(index, rows, key)
        if row == EMPTY:
            return None
        return PackedTask(*TASK.unpack_from(rows, (row - 1) * ROW_BYTES + KEY_BYTES))

    def put(self, key: bytes, task: PackedTask) -> None:
        """Add the task, or replace it in its place. Raises struct.error or OverflowError for no number."""
        packed = TASK.pack(*task)
        index, rows = self._arrays
        slot, row = find_slot(index, rows, key)
        if row != EMPTY:
            rows[row * ROW_BYTES - TASK.size : row * ROW_BYTES] = packed
            return
        rows += key + packed  # before the index, which another thread may be reading
        index[slot] = len(rows) // ROW_BYTES
        self._count += 1
        if 3 * index[slot] > 2 * len(index):
            self._rebuild()

    def pop(self, key: bytes) -> PackedTask | None:
        """Remove and return the task of this key."""
        index, rows = self._arrays
        slot, row = find_slot(index, rows, key)
        if row == EMPTY:
            return None
        at = (row - 1) * ROW_BYTES + KEY_BYTES
        found = PackedTask(*TASK.unpack_from(rows, at))
        KIND.pack_into(rows, at, GONE)
        index[slot] = REMOVED
        self._count -= 1
        if len(rows) > ROW_BYTES * max(SHRINK_RATIO * self._count, SMALLEST):
            self._rebuild()
        return found

    def remove_oldest(self, tasks: int) -> None:
        """Remove so many of those that were added first."""
        for _ in range(min(tasks, self._count)):
            self.pop(self._oldest()[0])

    def remove_before(self, moment: float) -> None:
        """Remove the tasks that were seen before this moment, up to the first that was not."""
        while self._count and self._oldest()[1] < moment:
            self.pop(self._oldest()[0])

    def _oldest(self) -> tuple[bytes, float]:
        """Key and time of the task that was added first; there must be one."""
        rows = self._arrays[1]
        while True:
            at = self._first * ROW_BYTES
            kind, seen_at, *_ = TASK.unpack_from(rows, at + KEY_BYTES)
            if kind != GONE:
                return bytes(rows[at : at + KEY_BYTES]), seen_at
            self._first += 1

    def _rebuild(self) -> None:
        """Make new arrays of the right size, without the rows of tasks that were removed."""
        rows, kept = self._arrays[1], bytearray()
        for at in range(0, len(rows), ROW_BYTES):
            if KIND.unpack_from(rows, at + KEY_BYTES)[0] != GONE:
                kept += rows[at : at + ROW_BYTES]
        self._arrays = index_rows(kept)
        self._first = 0


def index_rows(rows: bytearray) -> Arrays:
    """An index of these rows, at most half full."""
    tasks = len(rows) // ROW_BYTES
    index = array("I", bytes(4 * max(SMALLEST, 1 << (2 * tasks).bit_length())))
    for row in range(1, tasks + 1):
        at = (row - 1) * ROW_BYTES
        slot, _ = find_slot(index, rows, bytes(rows[at : at + KEY_BYTES]))
        index[slot] = row
    return index, rows


def find_slot(index: "array[int]", rows: bytearray, key: bytes) -> tuple[int, int]:
    """The slot of this key and its row, or the slot where it would be and EMPTY."""
    mask = len(index) - 1
    slot = hash(key) & mask
    while (row := index[slot]) != EMPTY:
        if row != REMOVED and rows.startswith(key, (row - 1) * ROW_BYTES):
            return slot, row
        slot = (slot + 1) & mask
    return slot, EMPTY


def task_key(task_id: str) -> bytes:
    """The key of a task: 16 bytes, whatever its id looks like. Raises TypeError for an invalid id."""
    if type(task_id) is not str:
        raise TypeError("not an id")
    return blake2b(task_id.encode(errors="surrogatepass"), digest_size=16).digest()
