"""Turns of the processes that write to one SQLite file.

SQLite lets whoever finds its write lock taken sleep, at last for a tenth of a second, and try again. Beside a
process that writes one transaction after another, all others find it taken nearly each time, until they give
up. So writers queue for a turn before they ask for the lock: whoever waits first is the next.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EAGAIN
from pathlib import Path

SUFFIX = "-turns"  # beside the database
NEXT, WRITING = range(2)  # bytes of the file: one writes, one is the next
SHORTEST, LONGEST = 0.0005, 0.002  # seconds between two attempts


class Turns:
    """The turns of this process.

    They are fair and no more: who gets none in time, or has no file for them, still has SQLite's own lock. A
    process that ends gives its turn back. Threads of one process must queue before.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + SUFFIX)
        self._file: int | None = None

    @contextmanager
    def take(self, deadline: float) -> Iterator[None]:
        """Wait until it is this process' turn, or until the deadline of `time.monotonic`."""
        # a file system may have no locks, and a folder be read-only
        with suppress(OSError):
            self._wait(deadline)
        try:
            yield
        finally:
            self._release(WRITING)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _wait(self, deadline: float) -> None:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        try:
            if self._lock(NEXT, deadline):
                self._lock(WRITING, deadline)
        finally:
            self._release(NEXT)

    def _lock(self, place: int, deadline: float) -> bool:
        pause = SHORTEST
        while not self._try_lock(place):
            if time.monotonic() > deadline:
                return False
            time.sleep(pause)
            pause = min(1.5 * pause, LONGEST)
        return True

    def _try_lock(self, place: int) -> bool:
        if self._file is None:
            return False
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError as error:
            if error.errno in (EACCES, EAGAIN):
                return False
            raise
        return True

    def _release(self, place: int) -> None:
        if self._file is not None:
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
