"""The free space on the disks that the service and its workers write to."""

import os
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import make_url

from ingestion_api.settings import Settings


def disk_shortage(folders: Iterable[Path], least: int) -> str:
    """Describe the first disk with less than `least` bytes or no inode free; empty for none."""
    for folder in folders:
        free, files = _free_space(folder)
        if free < least:
            return f"The disk of {folder} is full: {free} bytes are free; expected at least {least}."
        if files == 0:
            return f"The disk of {folder} is full: it has no room for another file."
    return ""


def data_folders(settings: Settings) -> tuple[Path, ...]:
    """The folders of the service's state, and of its database when that is a file."""
    address = make_url(settings.database)
    is_file = address.get_backend_name() == "sqlite"
    database = (Path(address.database or "").absolute().parent,) if is_file else ()
    return tuple(dict.fromkeys((settings.state_dir.absolute(), *database)))


def scratch_folder(settings: Settings) -> Path:
    """The folder to which workers on this machine clone."""
    return settings.state_dir.absolute() / "scratch"


def _free_space(folder: Path) -> tuple[int, int | None]:
    """Free bytes and inodes; None where the file system does not count inodes."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    status = os.statvfs(existing)
    return status.f_bavail * status.f_frsize, status.f_favail if status.f_files else None
