"""Clone the newest commit of a repository into a directory that is removed when the block ends."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingestion_api.repository import git
from ingestion_api.repository.errors import CloningUnavailable, RepositoryHeadMissing
from ingestion_api.repository.files import is_wanted
from ingestion_api.repository.limits import CloneLimits, CloneMonitor
from ingestion_api.repository.lookup import HeadState, Location, look_up
from ingestion_api.repository.scratch import scratch_directory
from ingestion_api.repository.snapshot import Snapshot, read_tree
from ingestion_api.repository.urls import RepositoryUrl, UrlRules

_GIT_DIR = "repository"
_NEWEST_REF = "refs/watchroom/newest"
_LINE_BYTES = 100  # of git's list, for mode, object and size
_FETCH_OPTIONS = (
    "--quiet",
    "--depth=1",
    "--no-tags",
    "--no-recurse-submodules",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
)


def _do_nothing() -> None:
    """Never stop."""


@contextmanager
def clone(
    url: RepositoryUrl,
    rules: UrlRules,
    limits: CloneLimits,
    scratch: Path,
    checkpoint: Callable[[], None] = _do_nothing,
) -> Iterator[Snapshot]:
    """Yield the files of the repository's newest commit; its `commit` is None when there is none yet.

    The time limit starts here and holds while the block reads the snapshot. `checkpoint` is called some
    twenty times a second and may raise to stop. Raises a RepositoryError of any kind; after one, the content
    of the repository is unknown.
    """
    with scratch_directory(scratch) as home:
        monitor = CloneMonitor(home, limits, time.monotonic() + limits.seconds, checkpoint)
        monitor.check_disk()
        location = look_up(url, rules, monitor)
        if location.head.state is HeadState.MISSING:
            raise RepositoryHeadMissing(
                f"{location.url} has branches, but its HEAD names none of them; "
                "expected a default branch that is there"
            )
        if location.head.state is HeadState.EMPTY:
            yield Snapshot(check=monitor.check_time)
            return
        try:
            _fetch(location, rules, monitor)
            snapshot = _read_snapshot(monitor)
        except OSError as error:
            raise CloningUnavailable(
                f"the worker's scratch folder cannot be used: {error.strerror or error}"
            ) from error
        yield snapshot


def _fetch(location: Location, rules: UrlRules, monitor: CloneMonitor) -> None:
    home = monitor.directory
    git.limit_programs(home)
    form = "sha256" if location.head.digits == 64 else "sha1"
    begin = ("init", "--quiet", "--bare", "--template=", f"--object-format={form}", _GIT_DIR)
    git.run_git(git.GitCommand(begin), home, monitor)
    fetch = (
        *git.safe_options(location, rules.ca_file),
        *(f"--git-dir={_GIT_DIR}", "fetch"),
        *_FETCH_OPTIONS,
        *("--", str(location.url), f"+HEAD:{_NEWEST_REF}"),
    )
    git.run_git(git.GitCommand(fetch, remote=True), home, monitor)


def _read_snapshot(monitor: CloneMonitor) -> Snapshot:
    """List the newest tree, then take the wanted files out of the pack."""
    home, limits = monitor.directory, monitor.limits
    # git follows nested folders without end, so its list is bounded
    max_output = min(limits.total_bytes, (limits.files + 1) * (limits.path_bytes + _LINE_BYTES))
    tree = git.GitCommand(
        _local_words("ls-tree", "-r", "-z", "-l", _NEWEST_REF), output="tree", most_output=max_output
    )
    git.run_git(tree, home, monitor)
    files, left_out = read_tree(home / "tree", monitor)
    entries = tuple(entry for entry in files if is_wanted(entry, limits))
    (home / "wanted").write_text("".join(f"{entry.blob}\n" for entry in entries))
    batch = git.GitCommand(_local_words("cat-file", "--batch", "--buffer"), input="wanted", output="contents")
    git.run_git(batch, home, monitor)
    commit = (home / _GIT_DIR / _NEWEST_REF).read_text().strip()
    return Snapshot(commit, entries, left_out, home / "contents", monitor.check_time)


def _local_words(*words: str) -> tuple[str, ...]:
    return (f"--git-dir={_GIT_DIR}", *words)
