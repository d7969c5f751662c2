"""Remove a folder of any depth, with a bounded number of steps and two open folders at a time."""

import os
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

MAX_ENTRIES = 200_000
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_OWNER_ONLY = 0o700


@dataclass
class RemovalState:
    """What is left of the steps, and the names under which folders were lifted to the top."""

    steps: int
    lifted: int = 0
    waiting: list[str] = field(default_factory=list)

    def step(self) -> None:
        """Take one step; OSError when none is left."""
        self.steps -= 1
        if self.steps < 0:
            raise OSError("the folder holds more than is removed at once")


def remove_folder(path: Path, most: int = MAX_ENTRIES) -> None:
    """Remove a folder with all that is in it; OSError when it resists or has over `most` entries.

    Folders in folders are lifted to the top one after the other, so that neither the depth nor the length of
    a path matters. No link is followed. What was removed before an error stays removed.
    """
    removal = RemovalState(most)
    os.chmod(path, _OWNER_ONLY)
    top = os.open(path, _FOLDER)
    try:
        _empty_folder(top, top, removal)
        while removal.waiting:
            _remove_lifted(top, removal.waiting.pop(), removal)
    finally:
        os.close(top)
    path.rmdir()


def _remove_lifted(top: int, name: str, removal: RemovalState) -> None:
    folder = os.open(name, _FOLDER, dir_fd=top)
    try:
        _empty_folder(folder, top, removal)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=top)


def _empty_folder(folder: int, top: int, removal: RemovalState) -> None:
    """Remove the files of a folder and lift its folders to the top."""
    with os.scandir(folder) as entries:
        found = [
            (entry.name, entry.is_dir(follow_symlinks=False)) for entry in islice(entries, removal.steps + 1)
        ]
    for name, is_folder in found:
        removal.step()
        if is_folder:
            _lift(folder, name, top, removal)
        else:
            os.unlink(name, dir_fd=folder)


def _lift(folder: int, name: str, top: int, removal: RemovalState) -> None:
    # one that cannot be written to cannot be moved
    os.chmod(name, _OWNER_ONLY, dir_fd=folder)
    removal.lifted += 1
    # a name that nothing at the top can have had before
    lifted = f"lifted-{os.getpid()}-{removal.lifted}-{os.urandom(8).hex()}"
    os.rename(name, lifted, src_dir_fd=folder, dst_dir_fd=top)
    removal.waiting.append(lifted)
