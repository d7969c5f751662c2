"""Counts of the commands that this process sent to a Redis server, to subtract them from the server's counts.

The server counts a command by its name in lower case, with `|` before a subcommand; so does this module.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from redis.exceptions import NoPermissionError, ResponseError

CONTAINERS = frozenset({"memory", "slowlog", "latency", "acl", "config", "client"})
# commands that look keys up for reading: the server counts a hit or a miss for each key
LOOKUP_COMMANDS = frozenset(
    {
        "llen", "lindex", "lrange", "hlen", "hvals", "zrange", "zcard", "scard", "smembers", "getrange",
        "strlen", "xlen", "type",
    }
)  # fmt: skip
# every command that we may send
SENT_COMMANDS = LOOKUP_COMMANDS | {
    "ping", "select", "auth", "info", "exists", "dbsize", "scan", "memory", "slowlog", "latency",
    "psubscribe", "publish", "sadd", "expire", "brpop", "del",
}  # fmt: skip


@dataclass
class CommandCounts:
    """Calls, refused and failed calls by command, errors by code, key look-ups, connections."""

    calls: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)  # hits, misses, connections, commands

    def copy(self) -> "CommandCounts":
        """The counts as they are now."""
        parts = (self.calls, self.rejected, self.failed, self.errors, self.totals)
        return CommandCounts(*(Counter(part) for part in parts))

    def since(self, before: "CommandCounts") -> "CommandCounts":
        """The difference from `before`."""
        parts = ("calls", "rejected", "failed", "errors", "totals")
        return CommandCounts(*(getattr(self, part) - getattr(before, part) for part in parts))

    def sent(self, command: Sequence[str | int], times: int = 1) -> None:
        """Count a command that is sent; until the reply, its keys count as found and as not found."""
        name = command_name(command)
        self.calls[name] += times
        self.totals["commands"] += times
        self._count_lookups(times, max_lookups(name, command))

    def replied(self, command: Sequence[str | int], reply: object) -> None:
        """Correct the counts by the reply."""
        name = command_name(command)
        self._count_lookups(-1, max_lookups(name, command))
        if isinstance(reply, ResponseError):
            self._count_error(name, reply)
        else:
            self._count_lookups(1, count_lookups(name, command, reply))

    def _count_lookups(self, times: int, keys: tuple[int, int]) -> None:
        self.totals["hits"] += times * keys[0]
        self.totals["misses"] += times * keys[1]

    def _count_error(self, name: str, error: ResponseError) -> None:
        self.errors[error_code(error)] += 1
        if isinstance(error, NoPermissionError):
            self.rejected[name] += 1  # refused before it ran, which is no call
            self.calls[name] -= 1
            self.totals["commands"] -= 1
            return
        self.failed[name] += 1
        if name in LOOKUP_COMMANDS:
            self.totals["hits"] += 1  # a key of another type


class OwnCommandCounts:
    """The counts of one server, shared by connections and threads.

    They are never less than what the server has counted of ours: none of our commands counts as a user's.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = CommandCounts()

    def count_sent(self, commands: Sequence[Sequence[str | int]]) -> None:
        """Count commands that are about to be sent."""
        with self._lock:
            for command in commands:
                self._counts.sent(command)

    def count_unsent(self, commands: Sequence[Sequence[str | int]]) -> None:
        """Subtract commands that could not be sent."""
        with self._lock:
            for command in commands:
                self._counts.sent(command, times=-1)

    def count_replies(self, commands: Sequence[Sequence[str | int]], replies: Sequence[object]) -> None:
        """Correct the counts of commands by their replies."""
        with self._lock:
            for command, reply in zip(commands, replies, strict=True):
                self._counts.replied(command, reply)

    def count_call(self, command: Sequence[str | int], reply: object) -> None:
        """Count one command and its reply."""
        self.count_sent([command])
        self.count_replies([command], [reply])

    def count_connection(self, *setup: str) -> None:
        """Count a new connection and the commands that set it up."""
        with self._lock:
            self._counts.totals["connections"] += 1
            for name in setup:
                self._counts.sent((name,))

    def snapshot(self) -> CommandCounts:
        """All counts since the process started."""
        with self._lock:
            return self._counts.copy()


def command_name(command: Sequence[str | int]) -> str:
    """The name by which the server counts the command."""
    name = str(command[0]).lower()
    return f"{name}|{str(command[1]).lower()}" if name in CONTAINERS and len(command) > 1 else name


def error_code(error: ResponseError) -> str:
    """The code by which the server counts the error."""
    if isinstance(error, NoPermissionError):
        return "NOPERM"  # the client library removes the code
    return str(error).split(" ", 1)[0]


def max_lookups(name: str, command: Sequence[str | int]) -> tuple[int, int]:
    """How many keys the command may find, and how many it may not."""
    most = len(command) - 1 if name == "exists" else int(name in LOOKUP_COMMANDS)
    return most, most


def count_lookups(name: str, command: Sequence[str | int], reply: object) -> tuple[int, int]:
    """How many keys the command found and did not find."""
    if name == "exists":
        found = reply if isinstance(reply, int) else 0
        return found, len(command) - 1 - found
    if name not in LOOKUP_COMMANDS:
        return 0, 0
    # lists, hashes and sets that are empty are not there
    return (1, 0) if reply and reply != "none" else (0, 1)
