"""Scratch directories that are removed after use, or swept after their process was killed.

Removing one never fails the work: a folder that resists is set aside under another name, logged once, and
tried again by later sweeps.
"""

import fcntl
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ingestion_api.repository.errors import CloningUnavailable

log = logging.getLogger(__name__)

MAX_ENTRIES = 200_000
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_OWNER_ONLY = 0o700
_PREFIX = "watchroom-clone-"
_NEW = "watchroom-new-"
_ASIDE = "watchroom-set-aside-"
_LOCK = "in-use"
_UNLOCKED_MAX_AGE = 3600.0  # seconds after which an unlocked one is abandoned
_SWEEP_SECONDS = 10.0


@dataclass
class RemovalState:
    """The remaining steps, and the names under which folders were moved to the top."""

    steps: int
    lifted: int = 0
    pending: list[str] = field(default_factory=list)

    def step(self) -> None:
        """Take one step; OSError when none is left."""
        self.steps -= 1
        if self.steps < 0:
            raise OSError("the folder holds more than is removed at once")


def remove_folder(path: Path, most: int = MAX_ENTRIES) -> None:
    """Remove a folder with all that is in it; OSError when it resists or has over `most` entries.

    Nested folders are moved to the top one after the other, so that neither depth nor path length matters.
    No link is followed. What was removed before an error stays removed.
    """
    state = RemovalState(most)
    os.chmod(path, _OWNER_ONLY)
    top = os.open(path, _FOLDER)
    try:
        _empty_folder(top, top, state)
        while state.pending:
            _remove_lifted(top, state.pending.pop(), state)
    finally:
        os.close(top)
    path.rmdir()


def _remove_lifted(top: int, name: str, state: RemovalState) -> None:
    folder = os.open(name, _FOLDER, dir_fd=top)
    try:
        _empty_folder(folder, top, state)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=top)


def _empty_folder(folder: int, top: int, state: RemovalState) -> None:
    """Remove the files of a folder and move its folders to the top."""
    with os.scandir(folder) as entries:
        children = [
            (entry.name, entry.is_dir(follow_symlinks=False)) for entry in islice(entries, state.steps + 1)
        ]
    for name, is_folder in children:
        state.step()
        if is_folder:
            _lift(folder, name, top, state)
        else:
            os.unlink(name, dir_fd=folder)


def _lift(folder: int, name: str, top: int, state: RemovalState) -> None:
    # a folder without write permission cannot be moved
    os.chmod(name, _OWNER_ONLY, dir_fd=folder)
    state.lifted += 1
    # a name that nothing at the top can have
    lifted = f"lifted-{os.getpid()}-{state.lifted}-{os.urandom(8).hex()}"
    os.rename(name, lifted, src_dir_fd=folder, dst_dir_fd=top)
    state.pending.append(lifted)


@contextmanager
def scratch_directory(parent: Path) -> Iterator[Path]:
    """Make a directory that is removed when the block ends; CloningUnavailable when it cannot be made."""
    try:
        path, lock = _locked_directory(parent)
    except OSError as error:
        raise CloningUnavailable(
            f"the worker's scratch folder cannot be written to: {error.strerror or error}"
        ) from error
    try:
        yield path
    finally:
        # removed while it is locked, so that no sweep removes it at the same time
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
    # those of killed processes first: those set aside may resist again
    try:
        paths = [path for path in parent.iterdir() if path.name.startswith((_PREFIX, _NEW, _ASIDE))]
    except OSError:
        return []
    return sorted(paths)


def _locked_directory(parent: Path) -> tuple[Path, int]:
    parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=_NEW, dir=parent))
    # the kernel frees this lock when the process dies, so a sweep can distinguish dead from busy
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
        # held until it is removed, so that only one of two sweeps removes it
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
