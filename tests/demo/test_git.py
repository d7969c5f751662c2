"""The demo's host of git serves one repository to readers, and nothing else."""

import http.client
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.git_server import ROOT, GitServer, find_repository
from tests.ingestion_api.git_server import add_commit, git, write_repository


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with two commits."""
    made = write_repository(tmp_path / "checkout", {"README.md": "A lamp.\n"})
    add_commit(made, {"keeper/oil.txt": "fish\n" * 50_000})
    return made


@pytest.fixture
def host(checkout: Path) -> Iterator[GitServer]:
    """The host of that checkout."""
    found = find_repository(checkout)
    assert found is not None
    with GitServer(("127.0.0.1", 0), found) as it:
        thread = threading.Thread(target=it.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield it
        it.shutdown()
        thread.join()


def address(host: GitServer) -> str:
    return f"http://127.0.0.1:{host.server_address[1]}/watchroom.git"


def status(host: GitServer, method: str, path: str, headers: dict[str, str] | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(host.server_address[1]), timeout=10)
    try:
        connection.request(method, path, headers=headers or {})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("depth", [("--depth=1",), ()])
def test_the_repository_can_be_cloned(host: GitServer, tmp_path: Path, depth: tuple[str, ...]) -> None:
    git(tmp_path, "clone", "--quiet", *depth, address(host), "copy")
    assert (tmp_path / "copy" / "README.md").read_text() == "A lamp.\n"
    assert (tmp_path / "copy" / "keeper" / "oil.txt").stat().st_size == 250_000


def test_nobody_can_push(host: GitServer, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", address(host), "copy")
    add_commit(tmp_path / "copy", {"README.md": "No lamp.\n"})
    with pytest.raises(subprocess.CalledProcessError) as refused:
        git(tmp_path / "copy", "push", "origin", "main:other")
    assert b"not found" in refused.value.stderr


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/watchroom.git/info/refs?service=git-upload-pack", 200),
        ("GET", "/watchroom.git/info/refs?service=git-receive-pack", 404),
        ("GET", "/watchroom.git/info/refs", 404),
        ("GET", "/watchroom.git/config", 404),
        ("GET", "/watchroom.git/../README.md", 404),
        ("GET", "/", 404),
        ("POST", "/watchroom.git/git-receive-pack", 404),
        ("POST", "/watchroom.git/git-upload-pack/../git-receive-pack", 404),
    ],
)
def test_nothing_else_is_served(host: GitServer, method: str, path: str, expected: int) -> None:
    assert status(host, method, path) == expected


@pytest.mark.parametrize("length", ["1000001", "-1", "many"])
def test_a_question_of_no_sensible_length_is_refused(host: GitServer, length: str) -> None:
    assert status(host, "POST", "/watchroom.git/git-upload-pack", {"Content-Length": length}) == 400


def test_what_is_no_checkout_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkout: Path
) -> None:
    unpacked = checkout / "vendored"
    unpacked.mkdir()
    assert find_repository(unpacked) is None
    (unpacked / ".git").write_text("gitdir: nowhere\n")
    assert find_repository(unpacked) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_repository(checkout) is None


def test_a_second_worktree_is_a_checkout_too(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "worktree", "add", "--quiet", str(tmp_path / "second"))
    assert find_repository(tmp_path / "second") == checkout / ".git"


def test_the_project_itself_is_what_is_served() -> None:
    assert (ROOT / "demo" / "git_server.py").is_file()
    assert (find_repository() is None) == (not (ROOT / ".git").exists())
