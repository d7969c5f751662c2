"""The file that tells every process of the demo which faults are in force."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

FaultsInForce = dict[str, dict[str, Any]]


class FaultFile:
    """Faults in force and their parameters, read again whenever the file changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._version: tuple[int, int] | None = None
        self._faults: FaultsInForce = {}

    def in_force(self) -> FaultsInForce:
        """Every fault in force by name; none if the file is absent."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._version, self._faults = None, {}
            return {}
        # The file is replaced, never edited, so a new inode means new content.
        mark = (found.st_ino, found.st_mtime_ns)
        if mark != self._version:
            self._faults = json.loads(self.path.read_text("utf-8"))
            self._version = mark
        return self._faults

    def get(self, name: str) -> dict[str, Any] | None:
        """The parameters of one fault, or None if it is not in force."""
        return self.in_force().get(name)

    def __contains__(self, name: str) -> bool:
        return name in self.in_force()

    def write(self, faults: Mapping[str, Mapping[str, Any]]) -> None:
        """Replace the file atomically."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(faults), "utf-8")
        fresh.replace(self.path)


def fault_file(home: Path) -> FaultFile:
    """The fault file of the demo that lives in this folder."""
    return FaultFile(home / "faults.json")


def format_time(moment: datetime, faults: FaultFile) -> str:
    """A UTC time in the backend's format, without a zone; local under the fault local-times."""
    zone = faults.get("local-times")
    return (moment + timedelta(hours=zone["hours"]) if zone else moment).isoformat()
