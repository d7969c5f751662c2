"""The limits of a clone, and the checks of them while it runs."""

import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingestion_api.repository.errors import CloningUnavailable, RepositoryTooLarge
from ingestion_api.settings import Settings

CHECK_INTERVAL = 0.05


@dataclass(frozen=True)
class CloneLimits:
    """How long a repository may take, from its look-up to its last row, and how much of it is read.

    `memory_bytes` is the address space of each git process, `free_bytes` what a clone leaves free on the disk
    of the scratch folder. Files deeper than `depth` folders are left out, and those whose path is longer than
    `path_bytes`.
    """

    seconds: float = 300.0
    total_bytes: int = 500 * 1024 * 1024
    files: int = 20_000
    file_bytes: int = 1024 * 1024
    memory_bytes: int = 512 * 1024 * 1024
    free_bytes: int = 64 * 1024 * 1024
    depth: int = 64
    path_bytes: int = 1024

    @classmethod
    def at(cls, settings: Settings) -> "CloneLimits":
        """How much of a repository these settings let be read."""
        return cls(
            seconds=settings.clone_seconds,
            total_bytes=settings.clone_bytes,
            files=settings.clone_files,
            file_bytes=settings.file_bytes,
            memory_bytes=settings.clone_memory,
            free_bytes=settings.clone_free,
        )


@dataclass(frozen=True)
class CloneMonitor:
    """The limits of a clone, its deadline on the monotonic clock, and the caller's checkpoint."""

    directory: Path
    limits: CloneLimits
    deadline: float
    checkpoint: Callable[[], None]

    def check_time(self) -> None:
        """Raise RepositoryTooLarge after the deadline, or what the caller's checkpoint raises."""
        self.checkpoint()
        if self.remaining() <= 0:
            raise RepositoryTooLarge(f"cloning took over {self.limits.seconds:g} s, which is the limit")

    def check(self) -> None:
        """Check the time and the disk; also raises CloningUnavailable when the disk is nearly full."""
        self.check_time()
        self.check_bytes(directory_bytes(self.directory))
        self.check_disk()

    def check_bytes(self, total: int) -> None:
        """Raise RepositoryTooLarge when there is more than the limit."""
        if total > self.limits.total_bytes:
            raise RepositoryTooLarge(
                f"the repository has over {self.limits.total_bytes} bytes, which is the limit"
            )

    def check_files(self, count: int) -> None:
        """Raise RepositoryTooLarge when there are more files than the limit."""
        if count > self.limits.files:
            raise RepositoryTooLarge(f"the repository has over {self.limits.files} files, which is the limit")

    def check_disk(self) -> None:
        """Raise CloningUnavailable when the disk has fewer free bytes than the limit."""
        disk = os.statvfs(self.directory)
        free = disk.f_bavail * disk.f_frsize
        if free < self.limits.free_bytes:
            raise CloningUnavailable(
                f"the worker's scratch folder has {free} bytes free; expected {self.limits.free_bytes}"
            )

    def remaining(self) -> float:
        """Seconds until the time is up."""
        return self.deadline - time.monotonic()


def directory_bytes(directory: Path) -> int:
    """Return the bytes of all files under a directory, also while files come and go."""
    total, folders = 0, [os.fspath(directory)]
    while folders:
        # files that vanish meanwhile do not count
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    folders.append(entry.path)
                else:
                    total += status.st_size
    return total
