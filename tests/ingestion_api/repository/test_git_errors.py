"""Why git failed is told from its status and its own last words, never from the host's."""

import signal
from pathlib import Path

import pytest

from ingestion_api.repository import (
    CloneLimits,
    CloningUnavailable,
    RepositoryError,
    RepositoryHeadMissing,
    RepositoryTooLarge,
    RepositoryUnreachable,
    RepositoryUnreadable,
)
from ingestion_api.repository.git_errors import GitExit, git_error
from ingestion_api.repository.limited_process import SIGNAL_BASE
from tests.ingestion_api.git_server import GitServer
from tests.ingestion_api.hostile import HostileRepository
from tests.ingestion_api.repository.clones import refusal, trusting

NO_ROOM = b"fatal: write error: No space left on device"
NO_MEMORY = b"fatal: Out of memory, malloc failed (tried to allocate 99 bytes)"


def why(complaint: bytes, status: int = 128, *, remote: bool = True) -> RepositoryError:
    """The error for a git that ended so."""
    return git_error(GitExit(status, complaint, 7000, remote), CloneLimits())


@pytest.mark.parametrize(
    ("complaint", "kind", "says"),
    [
        (NO_ROOM + b"\nfatal: fetch-pack: invalid index-pack output", CloningUnavailable, "has no room"),
        (NO_MEMORY, RepositoryTooLarge, "over 536870912 bytes of memory"),
        (
            b"error: index-pack died of signal 25\nfatal: index-pack failed",
            RepositoryTooLarge,
            "over 7000 bytes",
        ),
        (b"error: rev-list died of signal 11", RepositoryUnreadable, "broke off"),
        (b"error: rev-list died of signal 9", CloningUnavailable, "was ended on the worker's machine"),
        (b"fatal: couldn't find remote ref HEAD", RepositoryHeadMissing, "HEAD names no commit"),
        (b"fatal: early EOF", RepositoryUnreachable, "early EOF"),
        (b"", RepositoryUnreachable, "no reason given"),
        (b"\x1b[31mfatal: \xff\xfe early\x07 EOF", RepositoryUnreachable, "early EOF"),
    ],
)
def test_words_of_git(complaint: bytes, kind: type[RepositoryError], says: str) -> None:
    error = why(complaint)
    assert type(error) is kind
    assert says in str(error)
    assert str(error).isprintable()


@pytest.mark.parametrize(
    "complaint",
    [
        b"remote: " + NO_ROOM,
        b"remote: so\rremote: " + NO_MEMORY,
        "remote: so\u2028fatal: No space left on device".encode(),
        b"fatal: remote error: out of memory",
        b"fatal: remote error: so\nfatal: " + NO_MEMORY,
    ],
)
def test_words_of_the_host_are_not_taken_for_gits(complaint: bytes) -> None:
    assert type(why(complaint)) is RepositoryUnreachable


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (signal.SIGXFSZ, RepositoryTooLarge),
        (signal.SIGXCPU, RepositoryTooLarge),
        (signal.SIGSEGV, RepositoryUnreadable),
        (signal.SIGKILL, CloningUnavailable),
    ],
)
def test_signals(number: signal.Signals, kind: type[RepositoryError]) -> None:
    assert type(why(b"", SIGNAL_BASE + number)) is kind
    assert type(why(b"", -number)) is kind


def test_what_fails_here_is_not_the_hosts_fault() -> None:
    error = why(b"fatal: bad tree object", remote=False)
    assert type(error) is RepositoryUnreadable
    assert "bad tree object" in str(error)


def test_a_machine_without_git_says_so(
    git: GitServer, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    HostileRepository(git.root / "tower").files(["a.md"])
    # git's own environment only, as the host needs its git
    monkeypatch.setattr("ingestion_api.repository.git.git_environment", lambda _home: {"PATH": str(tmp_path)})
    error = refusal(f"{git.origin}/tower", trusting(git.origin), scratch)
    assert str(error) == "git cannot be started on the worker's machine"
