"""Scratch directories that always go: at the end of their use, or swept after their process was killed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "watchroom-clone-"
_LOCK = "in-use"


@contextmanager
def scratch_directory(parent: Path) -> Iterator[Path]:
    """Make a directory under parent that is removed when the block ends, however it ends."""
    parent.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    try:
        # the kernel frees this lock when the process dies, so a sweep can tell dead from busy
        with (path / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def sweep(parent: Path) -> int:
    """Remove the directories whose processes were killed before they could; return how many."""
    left = [path for path in parent.glob(f"{_PREFIX}*") if _is_abandoned(path)]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return len(left)


def _is_abandoned(path: Path) -> bool:
    try:
        descriptor = os.open(path / _LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
