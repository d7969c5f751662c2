"""A shallow clone of a repository, in a directory that goes when the block ends."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingestion_api.repository import git
from ingestion_api.repository.redirects import locate
from ingestion_api.repository.rules import CloneLimits, UrlRules
from ingestion_api.repository.scratch import scratch_directory
from ingestion_api.repository.urls import RepositoryUrl


def _carry_on() -> None:
    """Never ask to stop."""


@contextmanager
def clone(
    url: RepositoryUrl,
    rules: UrlRules,
    limits: CloneLimits,
    scratch: Path,
    pause: Callable[[], None] = _carry_on,
) -> Iterator[Path]:
    """Give the path of a fresh checkout of the repository's newest commit.

    `pause` is called some twenty times a second while git runs and may raise to stop it. Raises
    RepositoryUrlRefused, RepositoryNotCloned, RepositoryUnreachable or RepositoryTooLarge.
    """
    with scratch_directory(scratch) as home:
        watch = git.Watch(home, limits, time.monotonic() + limits.seconds, pause)
        location = locate(url, rules)
        checkout = home / "checkout"
        safe = git.safe_settings(location, rules.ca_file)
        git.run([*safe, "clone", *_SHALLOW, "--", str(location.url), str(checkout)], home, watch)
        if _has_commit(checkout):
            _check_tree(checkout, home, watch)
            git.run([*safe, "-C", str(checkout), "checkout", "--quiet", "--force", "HEAD"], home, watch)
        yield checkout


_SHALLOW = (
    "--quiet",
    "--depth=1",
    "--single-branch",
    "--no-tags",
    "--no-checkout",
    "--no-recurse-submodules",
    "--template=",
)


def _has_commit(checkout: Path) -> bool:
    head = (checkout / ".git" / "HEAD").read_text().strip()
    if not head.startswith("ref: "):
        return True
    reference = head.removeprefix("ref: ")
    packed = checkout / ".git" / "packed-refs"
    return (checkout / ".git" / reference).exists() or (packed.exists() and reference in packed.read_text())


def _check_tree(checkout: Path, home: Path, watch: git.Watch) -> None:
    """Count the files and bytes of the newest commit before any is written."""
    git.run(["-C", str(checkout), "ls-tree", "-r", "-l", "HEAD"], home, watch, output="tree")
    files = total = 0
    with (home / "tree").open("rb") as lines:
        for line in lines:
            size = line.split(None, 4)[3]
            files, total = files + 1, total + (int(size) if size.isdigit() else 0)
            watch.check_files(files)
            watch.check_bytes(total)
