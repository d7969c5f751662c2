"""What a host says first of a repository's references: whether its HEAD names a commit.

The lines are those of gitprotocol-pack. A HEAD that names a commit comes first of all references, one that
does not is left out, and a repository without any reference says so in a line of its own. So the first line
tells the three apart, however many references follow.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import IO

_LINE = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64}) ([^\0\n]+)")
_LENGTH = re.compile(rb"[0-9a-fA-F]{4}")
_FLUSH = b"0000"
_NO_REFERENCE = b"capabilities^{}"


class HeadState(Enum):
    """What HEAD names; `UNKNOWN` where the host speaks another dialect, and git must find out."""

    COMMIT = "commit"
    MISSING = "missing"
    EMPTY = "empty"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Head:
    """What HEAD names, and how long the repository's object ids are, in hexadecimal digits."""

    state: HeadState = HeadState.UNKNOWN
    digits: int = 40


def read_head(response: IO[bytes]) -> Head:
    """Read no further than the first reference."""
    line = _read_packet(response)
    if line is not None and line.startswith(b"# service="):
        # a flush ends the announcement of the service
        _read_packet(response)
        line = _read_packet(response)
    if line == b"":
        return Head(HeadState.EMPTY)
    found = _LINE.match(line) if line is not None else None
    if found is None:
        return Head()
    digits = len(found[1])
    if found[2] == b"HEAD":
        return Head(HeadState.COMMIT, digits)
    return Head(HeadState.EMPTY if found[2] == _NO_REFERENCE else HeadState.MISSING, digits)


def _read_packet(response: IO[bytes]) -> bytes | None:
    """The next line; empty for a flush, None where there is no whole line."""
    start = response.read(4)
    if start == _FLUSH:
        return b""
    if not _LENGTH.fullmatch(start):
        return None
    length = max(0, int(start, 16) - 4)
    line = response.read(length)
    return line if line and len(line) == length else None
