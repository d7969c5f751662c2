"""A builder of repositories that nobody's git would make: any mode, any name, any depth, any HEAD.

Objects are written as git stores them, so that nothing of git refuses them before the host serves them.
"""

import hashlib
import os
import zlib
from collections.abc import Iterable
from pathlib import Path

from tests.ingestion_api.git_server import git

FILE, LINK, FOLDER, SUBMODULE, FIFO = b"100644", b"120000", b"40000", b"160000", b"10644"
Item = tuple[bytes, bytes, str]


class HostileRepository:
    """A bare repository; items of a tree are (mode, name, object)."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True)
        git(directory, "init", "--quiet", "--bare", "--initial-branch=main")

    def blob(self, content: bytes) -> str:
        """Store a content; return its name."""
        return self._store(b"blob", content)

    def tree(self, items: Iterable[Item]) -> str:
        """Store a tree of these items as they are, in this order."""
        content = b"".join(
            mode + b" " + name + b"\0" + bytes.fromhex(object_) for mode, name, object_ in items
        )
        return self._store(b"tree", content)

    def nested(self, depth: int, inside: str, name: bytes = b"d") -> str:
        """Store a tree in `depth` folders, each of which holds but the next."""
        for _ in range(depth):
            inside = self.tree([(FOLDER, name, inside)])
        return inside

    def commit(self, tree: str) -> str:
        """Commit a tree to the branch main, without a parent."""
        who = b"keeper <keeper@tower.example> 1795413600 +0000"
        content = b"tree %s\nauthor %s\ncommitter %s\n\nLight the lamp\n" % (tree.encode(), who, who)
        commit = self._store(b"commit", content)
        (self.directory / "refs" / "heads" / "main").write_text(f"{commit}\n")
        return commit

    def files(self, names: Iterable[str]) -> str:
        """Commit a file of a few words under each name."""
        return self.commit(
            self.tree((FILE, name.encode(), self.blob(f"words of {name}".encode())) for name in sorted(names))
        )

    def head(self, branch: str) -> None:
        """Let HEAD name a branch, whether it is there or not."""
        (self.directory / "HEAD").write_text(f"ref: refs/heads/{branch}\n")

    def _store(self, kind: bytes, content: bytes) -> str:
        whole = b"%s %d\0" % (kind, len(content)) + content
        name = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        file = self.directory / "objects" / name[:2] / name[2:]
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(zlib.compress(whole, 1))
        return name


def killed(scratch: Path, name: str = "dead") -> Path:
    """The scratch folder of a process that was killed."""
    folder = scratch / f"watchroom-clone-{name}"
    folder.mkdir(parents=True)
    (folder / "in-use").touch()
    return folder


def nest_folders(folder: Path, depth: int) -> None:
    """Make folders in folders, whose path becomes longer than any that the system takes."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("folder-in-folder", dir_fd=here)
        below = os.open("folder-in-folder", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
