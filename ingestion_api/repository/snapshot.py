"""The files of a repository's newest commit, read from git's objects and never from a checkout.

Nothing of the repository is written to the disk under a name of its own, so names, links, modes and depths
that a file system would follow, refuse or mistake do no harm.
"""

import stat
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ingestion_api.repository.errors import RepositoryUnreadable
from ingestion_api.repository.limits import CloneLimits, CloneMonitor

# reasons for skipping an entry, as the job's notes list them
LINKS = "symbolic links"
SUBMODULES = "submodules"  # git lists every unknown mode as one
ODD_PATHS = "paths that no file can have"
DEEP_PATHS = "paths that are too deep or too long"
SAME_PATHS = "paths that were there already"
_INCOMPLETE = "git's list of the repository's files is not whole"
_CHUNK = 1024 * 1024
_FORBIDDEN_STEPS = frozenset((b"", b".", b".."))


@dataclass(frozen=True)
class TreeEntry:
    """One file: its decoded path, git's object id of the content, the size in bytes."""

    path: str
    blob: str
    size: int


@dataclass(frozen=True)
class ListedEntry:
    """One line of the list; `size` is None for an entry without content."""

    mode: int
    blob: str
    size: int | None
    path: bytes


def read_tree(listing: Path, monitor: CloneMonitor) -> tuple[list[TreeEntry], Counter[str]]:
    """Return the files in the order of their paths, and the skipped entries by reason.

    Raises RepositoryTooLarge when there are more entries or bytes than the limits allow,
    RepositoryUnreadable when a line is malformed.
    """
    files: dict[str, TreeEntry] = {}
    left_out: Counter[str] = Counter()
    for count, listed in enumerate(_list_entries(listing, monitor), 1):
        monitor.check_files(count)
        path = decode_path(listed.path)
        reason = _skip_reason(listed, monitor.limits) or (SAME_PATHS if path in files else None)
        if reason is not None:
            left_out[reason] += 1
        else:
            files[path] = TreeEntry(path, listed.blob, listed.size or 0)
    return [files[path] for path in sorted(files)], left_out


def decode_path(path: bytes) -> str:
    """A path as text; bytes that are not UTF-8, which no database takes, are replaced."""
    return path.decode(errors="replace")


def _list_entries(listing: Path, monitor: CloneMonitor) -> Iterator[ListedEntry]:
    total = 0
    for line in _read_lines(listing):
        listed = _parse_line(line)
        total += listed.size or 0
        monitor.check_bytes(total)
        yield listed


def _read_lines(listing: Path) -> Iterator[bytes]:
    rest = b""
    with listing.open("rb") as file:
        while chunk := file.read(_CHUNK):
            *lines, rest = (rest + chunk).split(b"\0")
            yield from lines
    if rest:
        raise RepositoryUnreadable(_INCOMPLETE)


def _parse_line(line: bytes) -> ListedEntry:
    # "<mode> <type> <object> <size>\t<path>"; the size is "-" without content, "BAD" for a missing object
    facts, tab, path = line.partition(b"\t")
    words = facts.split()
    try:
        mode, blob, size = int(words[0], 8), words[2].decode(), None if words[3] == b"-" else int(words[3])
    except (IndexError, ValueError):
        tab = b""
    if not tab:
        raise RepositoryUnreadable(_INCOMPLETE)
    return ListedEntry(mode, blob, size, path)


def _skip_reason(listed: ListedEntry, limits: CloneLimits) -> str | None:
    """Why an entry is skipped; None for a file."""
    if stat.S_ISLNK(listed.mode):
        return LINKS
    if listed.size is None or not stat.S_ISREG(listed.mode):
        return SUBMODULES
    steps = listed.path.split(b"/")
    if not _FORBIDDEN_STEPS.isdisjoint(steps):
        return ODD_PATHS
    if len(steps) - 1 > limits.depth or len(listed.path) > limits.path_bytes:
        return DEEP_PATHS
    return None


@dataclass(frozen=True)
class Snapshot:
    """The files to read, in the order of their paths, and the number of skipped entries by reason.

    `commit` is None where the repository has none yet. `check` raises after the deadline.
    """

    commit: str | None = None
    entries: tuple[TreeEntry, ...] = ()
    left_out: Counter[str] = field(default_factory=Counter)
    contents_file: Path | None = None
    check: Callable[[], None] = lambda: None

    def contents(self) -> Iterator[tuple[TreeEntry, bytes]]:
        """Yield each file with its content; RepositoryUnreadable when one is incomplete."""
        if self.contents_file is None:
            return
        with self.contents_file.open("rb") as objects:
            for entry in self.entries:
                self.check()
                yield entry, _read_content(objects, entry)


def _read_content(objects: IO[bytes], entry: TreeEntry) -> bytes:
    # what `git cat-file --batch` writes: "<object> blob <size>", the content, a line's end
    expected = f"{entry.blob} blob {entry.size}\n".encode()
    if objects.read(len(expected)) != expected:
        raise RepositoryUnreadable(f"git cannot read the content of {entry.path!r}")
    content = objects.read(entry.size)
    if len(content) != entry.size or objects.read(1) != b"\n":
        raise RepositoryUnreadable(f"git did not give the whole content of {entry.path!r}")
    return content
