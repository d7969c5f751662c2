"""A source whose questions are its attributes, so that none can be forgotten."""

from collections.abc import Iterator
from typing import Any

from exporter.polling import Poller


class BaseSource:
    """Finds its questions among its attributes, also inside dictionaries of questions."""

    def pollers(self) -> Iterator[Poller[Any]]:
        """Every question that is put to this source."""
        for value in vars(self).values():
            members = value.values() if isinstance(value, dict) else [value]
            yield from (member for member in members if isinstance(member, Poller))

    def open(self) -> None:
        """Most sources run nothing beside the scrape."""

    async def close(self) -> None:
        """Most sources hold nothing open."""
