"""Workers on this broker that are not the backend's: they count neither as workers nor as consumers."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

# what the workers of our own ingestion service call their software in their heartbeats
OWN_SOFTWARE = "watchroom"
MAX_FOREIGN_WORKERS = 1000


class ForeignWorkers:
    """Tells foreign workers by the patterns of the settings, and our own by what their heartbeats say."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(patterns)
        self._names: set[str] = set()

    def is_sender(self, event: dict[str, Any]) -> bool:
        """Whether a foreign worker sent this event. Raises KeyError or TypeError for what is no event."""
        name = event["hostname"]
        if event.get("sw_ident") == OWN_SOFTWARE and len(self._names) < MAX_FOREIGN_WORKERS:
            self._names.add(name)
        return self.is_foreign(name)

    def is_foreign(self, name: str) -> bool:
        """Whether the worker of this node name is foreign."""
        return name in self._names or any(fnmatchcase(name, pattern) for pattern in self._patterns)
