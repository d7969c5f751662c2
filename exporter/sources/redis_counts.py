"""What this process itself sent to a Redis server, so that it can be taken out of the server's own counts.

The server counts a command by its name in lower case, with `|` before a subcommand; so does this file.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from redis.exceptions import NoPermissionError, ResponseError

CONTAINERS = frozenset({"memory", "slowlog", "latency", "acl", "config", "client"})
# commands that look keys up for reading: the server counts a hit or a miss for each key
LOOKING = frozenset(
    {
        "llen", "lindex", "lrange", "hlen", "hvals", "zrange", "zcard", "scard", "smembers", "getrange",
        "strlen", "xlen", "type",
    }
)  # fmt: skip
# every command that we may send
SENT = LOOKING | {
    "ping", "select", "auth", "info", "exists", "dbsize", "scan", "memory", "slowlog", "latency",
    "psubscribe", "publish", "sadd", "expire", "brpop", "del",
}  # fmt: skip


@dataclass
class Counts:
    """Calls, refused and failed calls by command, errors by their first word, look-ups, connections."""

    calls: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)  # hits, misses, connections, commands

    def copy(self) -> "Counts":
        """The counts as they are now."""
        parts = (self.calls, self.rejected, self.failed, self.errors, self.totals)
        return Counts(*(Counter(part) for part in parts))

    def since(self, before: "Counts") -> "Counts":
        """What was added since `before`."""
        parts = ("calls", "rejected", "failed", "errors", "totals")
        return Counts(*(getattr(self, part) - getattr(before, part) for part in parts))

    def note(self, command: Sequence[str | int], reply: object) -> None:
        """Count one command by its reply."""
        name = name_of(command)
        if isinstance(reply, ResponseError):
            self._note_error(name, reply)
            return
        self.calls[name] += 1
        self.totals["commands"] += 1
        hits, misses = look_ups(name, command, reply)
        self.totals["hits"] += hits
        self.totals["misses"] += misses

    def _note_error(self, name: str, error: ResponseError) -> None:
        self.errors[error_word(error)] += 1
        if isinstance(error, NoPermissionError):
            self.rejected[name] += 1  # refused before it ran, which is no call
            return
        self.calls[name] += 1
        self.failed[name] += 1
        self.totals["commands"] += 1
        if name in LOOKING:
            self.totals["hits"] += 1  # a key of another type


class OwnCounts:
    """The counts of one server, noted by several connections and threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = Counts()
        self.is_held = False  # nothing is to be sent now
        self.under_way = 0  # round trips whose replies are not noted yet

    def begin(self) -> None:
        """Remember that a round trip begins."""
        with self._lock:
            self.under_way += 1

    def end(self) -> None:
        """Remember that its replies are noted, or that there were none."""
        with self._lock:
            self.under_way -= 1

    def note(self, command: Sequence[str | int], reply: object) -> None:
        """Count one command by its reply."""
        with self._lock:
            self._counts.note(command, reply)

    def connected(self, *setup: str) -> None:
        """Count a new connection and the commands that set it up."""
        with self._lock:
            self._counts.totals["connections"] += 1
            for name in setup:
                self._counts.note((name,), "OK")

    def now(self) -> Counts:
        """All that was sent since this process began."""
        with self._lock:
            return self._counts.copy()


def name_of(command: Sequence[str | int]) -> str:
    """The name under which the server counts the command."""
    name = str(command[0]).lower()
    return f"{name}|{str(command[1]).lower()}" if name in CONTAINERS and len(command) > 1 else name


def error_word(error: ResponseError) -> str:
    """The word under which the server counts the error."""
    if isinstance(error, NoPermissionError):
        return "NOPERM"  # the client library takes the word off
    return str(error).split(" ", 1)[0]


def look_ups(name: str, command: Sequence[str | int], reply: object) -> tuple[int, int]:
    """How many keys the command found and did not find."""
    if name == "exists":
        found = reply if isinstance(reply, int) else 0
        return found, len(command) - 1 - found
    if name not in LOOKING:
        return 0, 0
    # lists, hashes and sets that are empty are not there
    return (1, 0) if reply and reply != "none" else (0, 1)
