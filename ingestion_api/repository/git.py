"""Run git as a child process: without configuration, under limits, watched by the monitor.

Its stderr goes through a pipe and not into a file, since on a full disk the file would stay empty.
"""

import math
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from ingestion_api.repository import limited_process
from ingestion_api.repository.addresses import is_ip_address
from ingestion_api.repository.git_errors import GitExit, git_error
from ingestion_api.repository.limits import CHECK_INTERVAL, CloneLimits, CloneMonitor
from ingestion_api.repository.lookup import Location

MAX_BYTES = 8192
_READ_BYTES = 65_536
_PROGRAMS = "programs"
_LAUNCHER = (sys.executable, "-I", "-S", str(limited_process.__file__))
# one pack and never loose files, read through small windows by one thread; large files as a stream
_MEMORY_OPTIONS = (
    "fetch.unpackLimit=1",
    "fetch.writeCommitGraph=false",
    "pack.threads=1",
    "core.bigFileThreshold=2m",
    "core.deltaBaseCacheLimit=16m",
    "core.packedGitWindowSize=8m",
    "core.packedGitLimit=64m",
)


class StderrPipe:
    """A pipe for the stderr of a process, which writes to `write_end`; `tail` is the end of its output."""

    def __init__(self) -> None:
        self._reading, self.end = os.pipe()
        os.set_blocking(self._reading, False)
        self._poll = select.poll()
        self._poll.register(self._reading, select.POLLIN)
        self._open = {self._reading, self.end}
        self.tail = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in self._open:
            os.close(descriptor)

    def close_write_end(self) -> None:
        """Close the write end, which the process has by now."""
        os.close(self.end)
        self._open.discard(self.end)

    def read_for(self, seconds: float) -> None:
        """Read, waiting at most so long for output."""
        if self._poll.poll(seconds * 1000):
            self._read()

    def read_rest(self) -> None:
        """Read the rest after the end of the process."""
        while self._read():
            pass

    def _read(self) -> bool:
        try:
            read = os.read(self._reading, _READ_BYTES)
        except BlockingIOError:
            return False
        self.tail = (self.tail + read)[-MAX_BYTES:]
        return bool(read)


@dataclass(frozen=True)
class GitCommand:
    """Arguments for git; names of files in the scratch directory for its input and output.

    `most_output` is the limit in bytes of each file that it writes. `remote` is true when a failure may be
    the host's, so that a retry may succeed.
    """

    arguments: Sequence[str]
    input: str = os.devnull
    output: str = os.devnull
    most_output: int | None = None
    remote: bool = False


def safe_options(location: Location, ca_file: Path | None) -> list[str]:
    """Return git's options that pin the connection, run nothing of the repository, and bound the memory."""
    settings = [
        "core.hooksPath=/dev/null",
        "core.attributesFile=/dev/null",
        "credential.helper=",
        "http.proxy=",
        "http.followRedirects=false",
        "http.lowSpeedLimit=1000",
        "http.lowSpeedTime=30",
        "protocol.allow=never",
        f"protocol.{location.url.scheme}.allow=always",
        *_MEMORY_OPTIONS,
    ]
    if not is_ip_address(location.url.host):
        settings.append(f"http.curloptResolve={_pin(location)}")
    if ca_file is not None:
        settings.append(f"http.sslCAInfo={ca_file}")
    return [word for setting in settings for word in ("-c", setting)]


def _pin(location: Location) -> str:
    # git's curl then needs no resolver: it connects to the checked addresses only
    addresses = ",".join(f"[{address}]" if ":" in address else address for address in location.addresses)
    return f"{location.url.host}:{location.url.port}:{addresses}"


def limit_programs(home: Path) -> None:
    """Let git find no other program of its own than the one that talks with the host; OSError.

    A host can name any address for a part of the pack (packfile-uris in gitprotocol-v2), also where git has
    not asked for that, and git fetches it with http-fetch, which asks a resolver and reaches private hosts.
    """
    folder = home / _PROGRAMS
    folder.mkdir()
    for name in ("git-remote-http", "git-remote-https"):
        (folder / name).symlink_to(_exec_path() / name)


@cache
def _exec_path() -> Path:
    found = subprocess.run(
        ["git", "--exec-path"],  # noqa: S607 - the one of PATH, as in `run_git`
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return Path(os.fsdecode(found.stdout.rstrip(b"\n")))


def git_environment(home: Path) -> dict[str, str]:
    """Return the only variables that git sees: no proxies, no agents, nothing of this machine."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LC_ALL": "C",
        "MALLOC_ARENA_MAX": "1",
        "GIT_EXEC_PATH": str(home / _PROGRAMS),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(home),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }


def run_git(command: GitCommand, home: Path, monitor: CloneMonitor) -> None:
    """Run git until it ends; raise a RepositoryError with the reason when it fails."""
    largest = command.most_output or monitor.limits.total_bytes
    with (
        (home / command.input).open("rb") as stdin,
        (home / command.output).open("wb") as stdout,
        StderrPipe() as stderr,
    ):
        process = subprocess.Popen(  # noqa: S603 - git itself, with a checked URL after "--"
            [*_LAUNCHER, *_limits(largest, monitor.limits), "git", *command.arguments],
            cwd=home,
            env=git_environment(home),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr.end,
            start_new_session=True,
        )
        try:
            stderr.close_write_end()
            _wait(process, stderr, monitor)
        finally:
            _kill_group(process)
        stderr.read_rest()
    if process.returncode != 0:
        ended = GitExit(process.returncode, stderr.tail, largest, command.remote)
        raise git_error(ended, monitor.limits)


def _limits(largest: int, limits: CloneLimits) -> list[str]:
    seconds = max(1, math.ceil(limits.seconds))
    return [str(number) for number in (os.getpid(), limits.memory_bytes, largest, seconds)]


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # git leaves children behind when it is killed; they share its process group
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait(process: subprocess.Popen[bytes], stderr: StderrPipe, monitor: CloneMonitor) -> None:
    while process.poll() is None:
        stderr.read_for(CHECK_INTERVAL)
        monitor.check()
