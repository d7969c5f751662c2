"""Repositories made to do harm are read in part or refused with a sentence, in bounded time and memory."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion_api.repository import (
    CloneLimits,
    RepositoryHeadMissing,
    RepositoryTooLarge,
    RepositoryUnreachable,
    RepositoryUnreadable,
)
from ingestion_api.repository.snapshot import DEEP_PATHS, LINKS, ODD_PATHS, SAME_PATHS, SUBMODULES
from tests.ingestion_api.git_server import GitServer
from tests.ingestion_api.git_server import git as run_git
from tests.ingestion_api.hostile import FIFO, FILE, FOLDER, LINK, SUBMODULE, HostileRepository
from tests.ingestion_api.repository.clones import Read, read, refusal, trusting

Make = Callable[[str], HostileRepository]


@pytest.fixture
def clone_of(git: GitServer, scratch: Path) -> Callable[[HostileRepository], Read]:
    """A function that reads a repository of the host."""
    return lambda made: read(f"{git.origin}/{made.directory.name}", trusting(git.origin), scratch)


def test_links_submodules_and_pipes_are_left_out_by_their_mode_and_counted(
    hostile: Make, clone_of: Callable[[HostileRepository], Read]
) -> None:
    bad = hostile("bad")
    link, text = bad.blob(b"/etc/passwd"), bad.blob(b"words")
    items = [
        (FILE, b"README.md", text),
        (LINK, b"leak.txt", link),
        (LINK, b"link.md", bad.blob(b"README.md")),
        (SUBMODULE, b"module", "1" * 40),
        (FIFO, b"pipe", text),
    ]
    bad.commit(bad.tree(items))
    found = clone_of(bad)
    assert found.texts == {"README.md": "words"}
    assert found.snapshot.left_out == {LINKS: 2, SUBMODULES: 2}


def test_strange_names_are_read_or_counted(
    hostile: Make, clone_of: Callable[[HostileRepository], Read]
) -> None:
    bad = hostile("bad")
    text = bad.blob(b"words")
    git_folder = bad.tree([(FILE, b"config", text)])
    names = [b"..", b".", b"A.md", b"a\nb.md", b"a.md", b"caf\xe9.txt", b"caf\xea.txt", b"n" * 2000, b"-rf"]
    items = [(FILE, name, text) for name in names] + [(FOLDER, b".git", git_folder)]
    bad.commit(bad.tree(sorted(items, key=lambda item: item[1])))
    found = clone_of(bad)
    assert sorted(found.texts) == ["-rf", "A.md", "a\nb.md", "a.md", "caf�.txt"]
    assert found.snapshot.left_out == {ODD_PATHS: 2, SAME_PATHS: 1, DEEP_PATHS: 1}


def test_a_thousand_nested_folders_cost_one_file(
    hostile: Make, clone_of: Callable[[HostileRepository], Read]
) -> None:
    bad = hostile("bad")
    deep = bad.nested(1500, bad.tree([(FILE, b"deep.md", bad.blob(b"deep"))]))
    near = bad.nested(64, bad.tree([(FILE, b"near.md", bad.blob(b"near"))]))
    items = [(FILE, b"README.md", bad.blob(b"words")), (FOLDER, b"deep", deep), (FOLDER, b"near", near)]
    bad.commit(bad.tree(items))
    found = clone_of(bad)
    assert found.texts == {"README.md": "words"}
    assert found.snapshot.left_out == {DEEP_PATHS: 2}


def test_a_tree_that_unfolds_without_end_is_refused(hostile: Make, git: GitServer, scratch: Path) -> None:
    bad = hostile("bad")
    inside = bad.tree([(FILE, b"f%d" % number, bad.blob(b"words")) for number in range(10)])
    for _ in range(12):
        inside = bad.tree([(FOLDER, b"d%d" % number, inside) for number in range(10)])
    bad.commit(inside)
    started = time.monotonic()
    error = refusal(f"{git.origin}/bad", trusting(git.origin), scratch, CloneLimits(files=2000, seconds=20))
    assert isinstance(error, RepositoryTooLarge)
    assert "list of its files" in str(error)
    assert time.monotonic() - started < 10


def test_a_small_pack_of_a_huge_file_takes_little_memory(
    hostile: Make, git: GitServer, tmp_path: Path, scratch: Path
) -> None:
    bad = hostile("bad")
    items = [(FILE, b"a.md", bad.blob(b"words")), (FILE, b"zeros.txt", huge_blob(bad, 100_000_000))]
    bad.commit(bad.tree(items))
    run_git(bad.directory, "-c", "core.bigFileThreshold=1m", "repack", "-adq")
    # in a process of its own, so that the largest of its children is git
    script = f"""
import resource
from pathlib import Path
from tests.ingestion_api.repository.clones import read, trusting
found = read("{git.origin}/bad", trusting("{git.origin}"), Path("{scratch}"))
print(*found.texts, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
    words = [sys.executable, "-c", script]
    name, kilobytes = subprocess.run(words, capture_output=True, check=True, text=True).stdout.split()
    assert name == "a.md"
    # a child is as large as this Python for a moment (60 000), git with the whole file over 100 000
    assert int(kilobytes) < 85_000


def huge_blob(made: HostileRepository, size: int) -> str:
    """Store a file of zeros without holding it in memory; git itself streams it in."""
    settings = ["-c", "core.bigFileThreshold=1m", "-c", "core.compression=1"]
    words = ["git", *settings, "hash-object", "-w", "--stdin"]
    source = f"import sys\nfor _ in range({size} // 1000000): sys.stdout.buffer.write(bytes(1000000))"
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE) as zeros:
        return subprocess.run(
            words, stdin=zeros.stdout, cwd=made.directory, check=True, capture_output=True, text=True
        ).stdout.strip()


def test_memory_has_a_limit(hostile: Make, git: GitServer, scratch: Path) -> None:
    """A delta of a large text has to be put together in memory."""
    bad = hostile("bad")
    words = random.Random(1).randbytes(1000) * 60_000
    items = [(FILE, b"a.txt", bad.blob(words)), (FILE, b"b.txt", bad.blob(words + b"more"))]
    bad.commit(bad.tree(items))
    run_git(bad.directory, "-c", "core.bigFileThreshold=500m", "repack", "-adfq", "--depth=10")
    limits = CloneLimits(memory_bytes=80_000_000)
    error = refusal(f"{git.origin}/bad", trusting(git.origin), scratch, limits)
    assert isinstance(error, RepositoryTooLarge)
    assert "over 80000000 bytes of memory, which is the limit" in str(error)


@pytest.mark.parametrize("other_branch", [True, False])
def test_a_head_without_a_branch_is_not_an_empty_repository(
    hostile: Make, git: GitServer, scratch: Path, other_branch: bool
) -> None:
    repository = hostile("tower")
    if other_branch:
        repository.files(["a.md"])
    repository.head("renamed")
    url, rules = f"{git.origin}/tower", trusting(git.origin)
    if other_branch:
        error = refusal(url, rules, scratch)
        assert isinstance(error, RepositoryHeadMissing)
        assert "HEAD names none of them" in str(error)
    else:
        found = read(url, rules, scratch)
        assert (found.snapshot.commit, found.texts) == (None, {})


def test_a_head_that_names_a_commit_itself_is_read(
    hostile: Make, clone_of: Callable[[HostileRepository], Read]
) -> None:
    repository = hostile("tower")
    commit = repository.files(["a.md"])
    (repository.directory / "HEAD").write_text(f"{commit}\n")
    found = clone_of(repository)
    assert (found.snapshot.commit, found.texts) == (commit, {"a.md": "words of a.md"})


def test_object_names_may_be_longer(git: GitServer, scratch: Path) -> None:
    folder = git.root / "long"
    folder.mkdir()
    run_git(folder, "init", "--quiet", "--initial-branch=main", "--object-format=sha256")
    (folder / "a.md").write_text("words")
    run_git(folder, "add", "a.md")
    run_git(folder, "commit", "--quiet", "--message=Light the lamp")
    found = read(f"{git.origin}/long", trusting(git.origin), scratch)
    assert found.texts == {"a.md": "words"}


def test_a_repository_that_lacks_objects_is_not_read(hostile: Make, git: GitServer, scratch: Path) -> None:
    bad = hostile("bad")
    bad.commit(bad.tree([(FILE, b"a.md", bad.blob(b"words")), (FILE, b"lost.md", "2" * 40)]))
    error = refusal(f"{git.origin}/bad", trusting(git.origin), scratch)
    assert isinstance(error, RepositoryUnreachable | RepositoryUnreadable)
