"""The base of sources, which finds the pollers among their attributes: none can be forgotten."""

from collections.abc import Iterator
from typing import Any

from exporter.polling import Poller


class BaseSource:
    """A system that is polled; its attributes are pollers, dictionaries of them, or sources with some."""

    def pollers(self) -> Iterator[Poller[Any]]:
        """Every poller of this source."""
        for value in vars(self).values():
            members = value.values() if isinstance(value, dict) else [value]
            yield from (member for member in members if isinstance(member, Poller))
            if isinstance(value, BaseSource):
                yield from value.pollers()

    def open(self) -> None:
        """Start what runs in the background; most sources run nothing there."""

    async def close(self) -> None:
        """Close connections; most sources hold none open."""
