"""Whether there is room on the disks that the service and its workers write to."""

import os
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import make_url

from ingestion_api.settings import Settings


def disk_shortage(folders: Iterable[Path], least: int) -> str:
    """Which folder's disk has less than `least` bytes or no file left, in a sentence; empty when none has."""
    for folder in folders:
        free, files = _free_space(folder)
        if free < least:
            return f"The disk of {folder} is full: {free} bytes are free; expected at least {least}."
        if files == 0:
            return f"The disk of {folder} is full: it has no room for another file."
    return ""


def data_folders(settings: Settings) -> tuple[Path, ...]:
    """Where the service keeps its state, and its database when that is a file."""
    address = make_url(settings.database)
    is_file = address.get_backend_name() == "sqlite"
    database = (Path(address.database or "").absolute().parent,) if is_file else ()
    return tuple(dict.fromkeys((settings.state_dir.absolute(), *database)))


def scratch_folder(settings: Settings) -> Path:
    """Where workers on this machine clone to."""
    return settings.state_dir.absolute() / "scratch"


def _free_space(folder: Path) -> tuple[int, int | None]:
    """Bytes and files that there is room for; None where the file system does not count files."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    found = os.statvfs(there)
    return found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None
