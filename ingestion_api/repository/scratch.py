"""Scratch directories that go at the end of their use, or are swept after their process was killed.

Removing one never fails the work: what resists is set aside under another name, told once, and tried again by
the sweeps that follow.
"""

import fcntl
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingestion_api.repository.errors import CloningUnavailable
from ingestion_api.repository.removal import remove_folder

log = logging.getLogger(__name__)

_PREFIX = "watchroom-clone-"
_NEW = "watchroom-new-"
_ASIDE = "watchroom-set-aside-"
_LOCK = "in-use"
_UNLOCKED_MAX_AGE = 3600.0  # seconds after which one that was never locked is nobody's
_SWEEP_SECONDS = 10.0


@contextmanager
def scratch_directory(parent: Path) -> Iterator[Path]:
    """Make a directory that goes when the block ends; CloningUnavailable when it cannot be made."""
    try:
        path, lock = _locked_directory(parent)
    except OSError as error:
        raise CloningUnavailable(
            f"the worker's scratch folder cannot be written to: {error.strerror or error}"
        ) from error
    try:
        yield path
    finally:
        # removed while it is locked, so that no sweep does the same beside it
        try:
            _remove_or_set_aside(path)
        finally:
            os.close(lock)


def sweep_scratch(parent: Path) -> int:
    """Remove what killed processes left and what was set aside; return how many. Raises no OSError."""
    until = time.monotonic() + _SWEEP_SECONDS
    removed = 0
    for path in _folders(parent):
        if time.monotonic() > until:
            break
        if path.name.startswith(_ASIDE):
            removed += _try_remove(path)
        else:
            removed += _remove_abandoned(path)
    return removed


def _folders(parent: Path) -> list[Path]:
    # killed ones first: those that were set aside may resist again
    try:
        found = [path for path in parent.iterdir() if path.name.startswith((_PREFIX, _NEW, _ASIDE))]
    except OSError:
        return []
    return sorted(found)


def _locked_directory(parent: Path) -> tuple[Path, int]:
    parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=_NEW, dir=parent))
    # the kernel frees this lock when the process dies, so a sweep can tell dead from busy
    lock = os.open(new / _LOCK, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # under this name only once it is locked, so that no sweep sees it unlocked
        path = new.rename(parent / f"{_PREFIX}{new.name.removeprefix(_NEW)}")
    except OSError:
        os.close(lock)
        raise
    return path, lock


def _remove_abandoned(path: Path) -> bool:
    try:
        lock = os.open(path / _LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return _is_old(path) and _remove_or_set_aside(path)
    try:
        # held until it is gone, so that of two sweeps one does it
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # a new one is locked an instant after its lock is there
        if path.name.startswith(_NEW) and not _is_old(path):
            return False
        return _remove_or_set_aside(path)
    except OSError:
        return False
    finally:
        os.close(lock)


def _is_old(path: Path) -> bool:
    try:
        return path.lstat().st_mtime < time.time() - _UNLOCKED_MAX_AGE
    except OSError:
        return False


def _remove_or_set_aside(path: Path) -> bool:
    if _try_remove(path):
        return True
    aside = path.with_name(f"{_ASIDE}{path.name}")
    try:
        path.rename(aside)
    except OSError as error:
        log.warning("the scratch folder %s can neither be removed nor set aside: %s", path, error)
        return False
    log.warning("the scratch folder %s could not be removed and was set aside as %s", path.name, aside)
    return False


def _try_remove(path: Path) -> bool:
    try:
        if path.is_dir() and not path.is_symlink():
            remove_folder(path)
        else:
            path.unlink()
    except OSError as error:
        log.info("the scratch folder %s resists: %s", path, error)
        return False
    return True
