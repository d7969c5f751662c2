"""Find why git failed, from its exit status and the end of its stderr."""

import re
import signal
from dataclasses import dataclass
from itertools import takewhile

from ingestion_api.repository.errors import (
    CloningUnavailable,
    RepositoryError,
    RepositoryHeadMissing,
    RepositoryTooLarge,
    RepositoryUnreachable,
    RepositoryUnreadable,
)
from ingestion_api.repository.limited_process import NOT_STARTED, SIGNAL_BASE
from ingestion_api.repository.limits import CloneLimits

_MAX_LENGTH = 300
_SIGNAL = re.compile(r"died of signal (\d+)")
_NO_MEMORY = re.compile(r"out of memory|cannot allocate memory", re.IGNORECASE)
_NO_ROOM = re.compile(r"no space left on device|disk quota exceeded|read-only file system", re.IGNORECASE)
_REMOTE_ERROR = "fatal: remote error:"  # followed by text of the host, which may have more lines
_NO_HEAD = "find remote ref HEAD"
_KILL_SIGNALS = {signal.SIGKILL, signal.SIGTERM}


@dataclass(frozen=True)
class GitExit:
    """How git ended: its exit status, the end of its stderr, the limit in bytes of each file.

    `remote` is true when git was connected to the host, so that a retry may succeed.
    """

    status: int
    stderr: bytes
    largest: int
    remote: bool


def git_error(ended: GitExit, limits: CloneLimits) -> RepositoryError:
    """Return the error for this exit of git under these limits."""
    lines = _git_lines(ended.stderr)
    text = "\n".join(takewhile(lambda line: not line.startswith(_REMOTE_ERROR), lines))
    error = _known_error(ended, text, limits)
    if error is not None:
        return error
    if ended.remote:
        return RepositoryUnreachable(f"git did not get the repository: {_last_message(lines)}")
    return RepositoryUnreadable(f"git cannot read the repository: {_last_message(lines)}")


def _known_error(ended: GitExit, text: str, limits: CloneLimits) -> RepositoryError | None:
    """The error for a known cause; None for any other."""
    if ended.status == NOT_STARTED:
        return CloningUnavailable("git cannot be started on the worker's machine")
    if _NO_ROOM.search(text):
        return CloningUnavailable("the worker's scratch folder has no room for the repository")
    if _NO_MEMORY.search(text):
        return RepositoryTooLarge(
            f"reading the repository takes over {limits.memory_bytes} bytes of memory, which is the limit"
        )
    if signalled := _signal_number(ended.status, text):
        return _signal_error(signalled, ended.largest, limits)
    if _NO_HEAD in text:
        return RepositoryHeadMissing("the repository's HEAD names no commit; expected a default branch")
    return None


def _signal_error(number: int, largest: int, limits: CloneLimits) -> RepositoryError:
    if number == signal.SIGXFSZ:
        return RepositoryTooLarge(
            f"the repository, or the list of its files, has over {largest} bytes, which is the limit"
        )
    if number == signal.SIGXCPU:
        return RepositoryTooLarge(f"cloning took over {limits.seconds:g} s, which is the limit")
    if number in _KILL_SIGNALS:
        return CloningUnavailable(f"git was ended on the worker's machine (signal {number})")
    return RepositoryUnreadable(f"git broke off while it read the repository (signal {number})")


def _git_lines(stderr: bytes) -> list[str]:
    # not str.splitlines(), which also splits at characters that are no line ends for git
    raw = stderr.replace(b"\r", b"\n").split(b"\n")
    lines = ["".join(filter(str.isprintable, line.decode(errors="replace"))).strip() for line in raw]
    # text of the host begins with "remote:"; it must not pass for git's
    return [line for line in lines if line and not line.startswith("remote:")]


def _signal_number(status: int, text: str) -> int:
    """The signal that ended the command, or one that it started; 0 when none did."""
    if status < 0:
        return -status
    # git's own statuses are 128 and 129 at most
    if status > SIGNAL_BASE + 1:
        return status - SIGNAL_BASE
    match = _SIGNAL.search(text)
    return int(match[1]) if match else 0


def _last_message(lines: list[str]) -> str:
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (fatal or lines or ["no reason given"])[-1][:_MAX_LENGTH]
