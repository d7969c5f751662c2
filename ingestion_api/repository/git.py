"""git as a child process: deaf to configuration, unable to ask, watched while it runs."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingestion_api.repository.errors import RepositoryTooLarge, RepositoryUnreachable
from ingestion_api.repository.redirects import Location
from ingestion_api.repository.rules import CloneLimits

_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Watch:
    """What is checked while git runs: the clock, the bytes on disk, the caller's own wish to stop."""

    directory: Path
    limits: CloneLimits
    deadline: float
    pause: Callable[[], None]

    def check(self) -> None:
        """Raise RepositoryTooLarge over a limit, or whatever the caller raises to stop."""
        self.pause()
        if time.monotonic() > self.deadline:
            raise RepositoryTooLarge(f"cloning took over {self.limits.seconds:g} s, which is the limit")
        self.check_bytes(bytes_in(self.directory))

    def check_bytes(self, found: int) -> None:
        """Raise RepositoryTooLarge when there is more than the limit."""
        if found > self.limits.total_bytes:
            raise RepositoryTooLarge(
                f"the repository has over {self.limits.total_bytes} bytes, which is the limit"
            )

    def check_files(self, found: int) -> None:
        """Raise RepositoryTooLarge when there are more files than the limit."""
        if found > self.limits.files:
            raise RepositoryTooLarge(f"the repository has over {self.limits.files} files, which is the limit")


def bytes_in(directory: Path) -> int:
    """Return the bytes of all files under a directory, also while files come and go."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def safe_settings(location: Location, ca_file: Path | None) -> list[str]:
    """Return git's options that pin the connection and leave nothing of the repository to be run."""
    settings = [
        "core.hooksPath=/dev/null",
        "core.symlinks=false",
        "core.autocrlf=false",
        "core.attributesFile=/dev/null",
        "credential.helper=",
        "http.proxy=",
        "http.followRedirects=false",
        "http.lowSpeedLimit=1000",
        "http.lowSpeedTime=30",
        "protocol.allow=never",
        f"protocol.{location.url.scheme}.allow=always",
        f"http.curloptResolve={_pin(location)}",
    ]
    if ca_file is not None:
        settings.append(f"http.sslCAInfo={ca_file}")
    return [word for setting in settings for word in ("-c", setting)]


def _pin(location: Location) -> str:
    # git's curl then never asks a resolver: the addresses checked are the addresses connected to
    addresses = ",".join(f"[{address}]" if ":" in address else address for address in location.addresses)
    return f"{location.url.host}:{location.url.port}:{addresses}"


def environment(home: Path) -> dict[str, str]:
    """Return the only variables that git sees: no proxies, no agents, no settings of this machine."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }


def run(words: Iterable[str], home: Path, watch: Watch, output: str = os.devnull) -> None:
    """Run git until it ends, its output going to a file; raise RepositoryUnreachable when it fails."""
    complaint = home / "git-says"
    with complaint.open("wb") as stderr, (home / output).open("wb") as stdout:
        process = subprocess.Popen(  # noqa: S603 - git itself, with a checked URL after "--"
            ["git", *words],  # noqa: S607 - the git of this machine's PATH is the one meant
            cwd=home,
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            _wait(process, watch)
        finally:
            _end(process)
    if process.returncode != 0:
        raise RepositoryUnreachable(f"git did not get the repository: {_last_sentence(complaint)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    # git leaves children behind when it is killed; they share its session, so they go with it
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait(process: subprocess.Popen[bytes], watch: Watch) -> None:
    while process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_SECONDS)
        watch.check()


def _last_sentence(complaint: Path) -> str:
    lines = complaint.read_text(errors="replace").strip().splitlines()
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (fatal or lines or ["no reason given"])[-1][:300]
