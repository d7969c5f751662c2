"""The lengths of many lists with few commands: one EXISTS over all that were empty, LLEN of the filled.

A list that turns out to be filled is found by halving, and then read by itself until it has been empty for
a while. Where more are filled than may be read at once they are read by turns.
"""

import time
from collections.abc import Callable, Iterable, Sequence

from exporter.sources.redis_client import Command, RedisClient

EMPTIED_TTL = 10.0  # seconds for which a list that was emptied is still read by itself
SPLIT_PARTS = 4  # into which a group of lists is divided in search for the filled
MAX_KEYS_PER_COMMAND = 500  # in one EXISTS, which keeps the server from others for as long as it takes


class ListLengths:
    """What was last known of each list: its length, None where the key holds something else."""

    def __init__(self, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_once = at_once
        self._clock = clock
        self._lengths: dict[str, int | None] = {}
        self._filled_at: dict[str, float] = {}
        self._read_at: dict[str, float] = {}

    def length(self, key: str) -> int | None:
        """The length when it was last read; a list that nobody saw filled is empty."""
        return self._lengths.get(key, 0)

    def filled_keys(self) -> tuple[str, ...]:
        """The keys of the lists that hold anything."""
        return tuple(key for key, length in self._lengths.items() if length)

    async def read(self, client: RedisClient, keys: Iterable[str]) -> None:
        """Learn the lengths of these lists. Raises SourceError when the user may not."""
        wanted = dict.fromkeys(keys)
        self._forget_emptied()
        quiet = [key for key in wanted if key not in self._filled_at]
        groups = [quiet[at : at + MAX_KEYS_PER_COMMAND] for at in range(0, len(quiet), MAX_KEYS_PER_COMMAND)]
        due = self._keys_to_read()
        found = await client.execute_granted([*map(exists_command, groups), *(("LLEN", key) for key in due)])
        for key, reply in zip(due, found[len(groups) :], strict=True):
            self._record(key, reply)
        await self._find_filled(client, [g for g, n in zip(groups, found, strict=False) if n])

    async def _find_filled(self, client: RedisClient, groups: list[list[str]]) -> None:
        """Find the lists of these groups that are there."""
        while groups:
            parts = [part for group in groups for part in split_keys(group)]
            commands: list[Command] = [
                ("LLEN", part[0]) if len(part) == 1 else exists_command(part) for part in parts
            ]
            found = await client.execute_granted(commands)
            for part, reply in zip(parts, found, strict=True):
                if len(part) == 1:
                    self._record(part[0], reply)
            groups = [part for part, n in zip(parts, found, strict=True) if len(part) > 1 and n]

    def _keys_to_read(self) -> list[str]:
        return sorted(self._filled_at, key=lambda key: self._read_at.get(key, 0.0))[: self._at_once]

    def _record(self, key: str, reply: object) -> None:
        now = self._clock()
        length = reply if isinstance(reply, int) else None
        self._read_at[key], self._lengths[key] = now, length
        if length != 0:  # a key that is no list is there too
            self._filled_at[key] = now

    def _forget_emptied(self) -> None:
        limit = self._clock() - EMPTIED_TTL
        for key in [k for k, at in self._filled_at.items() if at < limit and self._lengths[k] == 0]:
            for kept in (self._filled_at, self._read_at, self._lengths):
                kept.pop(key, None)


def exists_command(keys: Sequence[str]) -> Command:
    """The command that says how many of these keys are there."""
    return ("EXISTS", *keys)


def split_keys(group: list[str]) -> list[list[str]]:
    """The group in a few parts of about the same size."""
    size = max(-(-len(group) // SPLIT_PARTS), 1)
    return [group[at : at + size] for at in range(0, len(group), size)]
