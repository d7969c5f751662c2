"""The git that clones runs under limits, knows no secret, and ends with the process that started it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ingestion_api.repository import CloneLimits
from tests.ingestion_api.git_server import GitServer
from tests.ingestion_api.hostile import HostileRepository
from tests.ingestion_api.repository.clones import read, trusting
from tests.servers.waiting import eventually

CLONE = """
from pathlib import Path
from ingestion_api.repository import CloneLimits
from tests.ingestion_api.repository.clones import read, trusting
limits = CloneLimits(seconds=40, memory_bytes=300_000_000, total_bytes=7_000_000)
read("{origin}/tower", trusting("{origin}"), Path("{scratch}"), limits)
"""
SECRETS = {
    "SERVICE_TOKEN": "the-keepers-own-word",
    "GIT_SSH_COMMAND": "ssh -i the-keepers-own-word",
    "HTTPS_PROXY": "http://the-keepers-own-word@127.0.0.1:9",
    "SSH_AUTH_SOCK": "/the-keepers-own-word",
}


@pytest.fixture
def cloning(git: GitServer, scratch: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that clones from a host that says nothing when it is asked for the pack."""
    HostileRepository(git.root / "tower").files(["a.md"])
    git.silent_at = "/tower/git-upload-pack"
    script = CLONE.format(origin=git.origin, scratch=scratch)
    process = subprocess.Popen([sys.executable, "-c", script], env={**os.environ, **SECRETS})
    yield process
    process.kill()
    process.wait()


def gits(origin: str) -> list[int]:
    """The processes that name the host on their command line, other than the one that clones."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        # a process may end while it is looked at
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"-c" in words[1:2] and b"read(" in words[2]:
                continue
            if any(origin.encode() in word for word in words):
                found.append(int(folder.name))
    return found


def speaking(origin: str) -> list[int]:
    """The processes of a clone once git speaks with the host."""
    return eventually(lambda: found if len(found := gits(origin)) >= 3 else [], within=20.0)


def test_limits_are_in_force_for_git_and_what_it_starts(
    cloning: subprocess.Popen[bytes], git: GitServer
) -> None:
    found = speaking(git.origin)
    for pid in found:
        rows = Path(f"/proc/{pid}/limits").read_text().splitlines()
        soft = {row[:26].strip(): row[26:].split()[0] for row in rows}
        assert soft["Max address space"] == "300000000"
        assert soft["Max file size"] == "7000000"
        assert soft["Max cpu time"] == "40"
        assert soft["Max core file size"] == "0"
    groups = {os.getpgid(pid) for pid in found}
    assert len(groups) == 1
    assert os.getpgid(cloning.pid) not in groups


def test_no_secret_of_the_worker_reaches_git(cloning: subprocess.Popen[bytes], git: GitServer) -> None:
    for pid in speaking(git.origin):
        assert b"keepers-own-word" not in Path(f"/proc/{pid}/environ").read_bytes()
        opened = [os.readlink(file) for file in Path(f"/proc/{pid}/fd").iterdir()]
        files = [name for name in opened if name.startswith("/") and name != os.devnull]
        # a library is open while it is loaded
        assert not [name for name in files if "scratch" not in name and ".so" not in Path(name).suffixes]


def test_git_ends_with_the_process_that_started_it(cloning: subprocess.Popen[bytes], git: GitServer) -> None:
    """Even with one that is killed."""
    speaking(git.origin)
    cloning.send_signal(signal.SIGKILL)
    cloning.wait()
    eventually(lambda: not gits(git.origin), within=10.0)


def test_limits_do_not_reach_the_worker_itself(git: GitServer, scratch: Path) -> None:
    HostileRepository(git.root / "tower").files(["a.md"])
    before = Path("/proc/self/limits").read_text()
    read(f"{git.origin}/tower", trusting(git.origin), scratch, CloneLimits())
    assert Path("/proc/self/limits").read_text() == before
