"""What a clone gives: the files of the newest commit, read from git's objects and never from a checkout.

Nothing of the repository is ever written to the disk under a name of its own, so names, links, modes and
depths that a file system would follow, refuse or mistake cannot do harm.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ingestion_api.repository.errors import RepositoryUnreadable
from ingestion_api.repository.tree import TreeEntry


@dataclass(frozen=True)
class Snapshot:
    """The files that are to be read, in the order of their paths, and what was left out, by reason.

    `commit` is None where the repository has none yet. `check` raises when the time is up.
    """

    commit: str | None = None
    entries: tuple[TreeEntry, ...] = ()
    left_out: Counter[str] = field(default_factory=Counter)
    contents_file: Path | None = None
    check: Callable[[], None] = lambda: None

    def contents(self) -> Iterator[tuple[TreeEntry, bytes]]:
        """Yield each file with its content; RepositoryUnreadable when one is not there whole."""
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
