"""Cloning, from a real git server on 127.0.0.1."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from socket import AF_INET6, socket

import pytest

from ingestion_api.repository import (
    CloneLimits,
    RepositoryError,
    RepositoryNotCloned,
    RepositoryTooLarge,
    RepositoryUnreachable,
    RepositoryUrlRefused,
    UrlRules,
    check_url,
    clone,
    read_text_files,
    sweep_scratch,
)
from tests.ingestion_api.git_server import GitServer, add_commit, git, serving, write_repository
from tests.ingestion_api.repository.clones import read, refusal, trusting
from tests.ingestion_api.slow_git_server import SlowGitServer

FILES: dict[str, str | bytes] = {
    "README.md": "# The tower\n",
    "src/lamp.py": "lit = True\n",
    "lamp.png": b"\0\1",
}


def has_ipv6() -> bool:
    with socket(AF_INET6) as trial, suppress(OSError):
        trial.bind(("::1", 0))
        return True
    return False


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    write_repository(tmp_path / "served" / "tower", FILES)
    with serving(GitServer(tmp_path / "served")) as running:
        yield running


def test_the_newest_commit_is_read_and_the_scratch_directory_goes(server: GitServer, scratch: Path) -> None:
    add_commit(server.root / "tower", {"README.md": "# The new tower\n"})
    rules = trusting(server.origin)
    with clone(check_url(f"{server.origin}/tower", rules), rules, CloneLimits(), scratch) as snapshot:
        [folder] = scratch.iterdir()
        commits = subprocess.run(
            ["git", "rev-list", "--all"], cwd=folder / "repository", check=True, capture_output=True
        )
        assert commits.stdout.decode().split() == [snapshot.commit]
        assert "# The new tower\n" in {file.text for file in read_text_files(snapshot)}
    assert not list(scratch.iterdir())


def test_text_files_of_a_clone(server: GitServer, scratch: Path) -> None:
    found = read(f"{server.origin}/tower", trusting(server.origin), scratch).texts
    assert found == {"README.md": "# The tower\n", "src/lamp.py": "lit = True\n"}


def test_the_scratch_directory_goes_when_the_reader_fails(server: GitServer, scratch: Path) -> None:
    rules = trusting(server.origin)
    url = check_url(f"{server.origin}/tower", rules)
    with pytest.raises(ZeroDivisionError), clone(url, rules, CloneLimits(), scratch):
        _ = 1 / 0
    assert not list(scratch.iterdir())


def test_git_connects_to_the_checked_address_and_asks_no_resolver(server: GitServer, scratch: Path) -> None:
    """No resolver knows this name, so only the address that was checked can have been used."""
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    origin = f"http://tower.invalid:{server.port}"
    rules = UrlRules(trusted_hosts=frozenset({f"tower.invalid:{server.port}"}), resolve=resolve)
    assert "README.md" in read(f"{origin}/tower", rules, scratch).texts
    assert asked == [("tower.invalid", server.port)]


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_an_ipv6_address_can_be_cloned(server: GitServer, scratch: Path) -> None:
    with serving(GitServer(server.root, host="::1")) as six:
        assert "README.md" in read(f"{six.origin}/tower", trusting(six.origin), scratch).texts


def test_proxies_of_the_machine_are_not_used(
    server: GitServer, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert "README.md" in read(f"{server.origin}/tower", trusting(server.origin), scratch).texts


def test_a_redirect_inside_the_rules_is_followed(server: GitServer, scratch: Path) -> None:
    server.redirects["/old"] = "/tower"
    assert "README.md" in read(f"{server.origin}/old", trusting(server.origin), scratch).texts


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("https://127.0.0.1:1/tower", "which is not a public address"),
        ("http://127.0.0.2:{port}/tower", "scheme is 'http'"),
        ("https://169.254.169.254/latest", "169.254.169.254, which is not a public address"),
        ("file:///etc/passwd", "scheme is 'file'"),
        ("https://me:word@a.example/b", "has credentials"),
    ],
)
def test_a_redirect_outside_the_rules_is_refused(
    server: GitServer, scratch: Path, target: str, reason: str
) -> None:
    server.redirects["/old"] = target.format(port=server.port)
    error = refusal(f"{server.origin}/old", trusting(server.origin), scratch)
    assert isinstance(error, RepositoryUrlRefused)
    assert reason in str(error)
    assert "word@" not in str(error)
    assert all(path.startswith("/old") for path in server.asked)


def test_a_redirect_that_comes_only_when_git_asks_is_not_followed(server: GitServer, scratch: Path) -> None:
    with serving(GitServer(server.root)) as inside:
        server.redirects["/tower/git-upload-pack"] = f"{inside.origin}/tower/git-upload-pack"
        error = refusal(f"{server.origin}/tower", trusting(server.origin), scratch)
        assert isinstance(error, RepositoryUnreachable)
        assert inside.asked == []


def test_redirects_end(server: GitServer, scratch: Path) -> None:
    server.redirects["/tower"] = "/tower"
    error = refusal(f"{server.origin}/tower", trusting(server.origin), scratch)
    assert "redirects more than 5 times" in str(error)


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (401, RepositoryNotCloned, "wants credentials"),
        (404, RepositoryNotCloned, "was not found"),
        (503, RepositoryUnreachable, "answered with status 503"),
    ],
)
def test_the_hosts_answer_is_told(
    server: GitServer, scratch: Path, status: int, kind: type[RepositoryError], reason: str
) -> None:
    server.statuses["/tower"] = status
    error = refusal(f"{server.origin}/tower", trusting(server.origin), scratch)
    assert type(error) is kind
    assert reason in str(error)


ADVERTISED = b"Content-Type: application/x-git-upload-pack-advertisement\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: //[::1\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[v1.x]/info/refs?service=git-upload-pack\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + ADVERTISED + b"\r\n-5\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + ADVERTISED + b"\r\nzz\r\n",
        b"HTTP/1.1 999999999999 OK\r\n\r\n",
        b"\xff" * 100,
    ],
)
def test_answers_that_no_server_should_give_are_told_in_a_sentence(
    tmp_path: Path, scratch: Path, answer: bytes
) -> None:
    with serving(SlowGitServer(tmp_path, "look-up", 0.0, answer)) as host:
        error = refusal(f"{host.origin}/tower", trusting(host.origin), scratch)
    assert str(error).isprintable()


def test_a_host_that_is_away_is_worth_another_try(server: GitServer, scratch: Path) -> None:
    gone = "http://127.0.0.1:1"
    assert isinstance(refusal(f"{gone}/tower", trusting(gone), scratch), RepositoryUnreachable)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (CloneLimits(files=2), "over 2 files, which is the limit"),
        (CloneLimits(total_bytes=1000), "over 1000 bytes, which is the limit"),
        (CloneLimits(seconds=0), "took over 0 s, which is the limit"),
    ],
)
def test_limits_hold(server: GitServer, scratch: Path, limits: CloneLimits, reason: str) -> None:
    error = refusal(f"{server.origin}/tower", trusting(server.origin), scratch, limits)
    assert isinstance(error, RepositoryTooLarge)
    assert reason in str(error)


def test_a_host_that_falls_silent_costs_no_more_than_the_limit(server: GitServer, scratch: Path) -> None:
    server.silent_at = "/tower/git-upload-pack"
    started = time.monotonic()
    error = refusal(f"{server.origin}/tower", trusting(server.origin), scratch, CloneLimits(seconds=0.5))
    assert "took over 0.5 s" in str(error)
    assert time.monotonic() - started < 5
    assert not [line for line in running() if f"{server.origin}/tower" in line]


def running() -> list[str]:
    """The command lines of all processes."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        # a process may end while it is looked at
        with suppress(OSError):
            lines.append(file.read_text(errors="replace").replace("\0", " "))
    return lines


def test_bytes_are_counted_before_they_are_written_out(server: GitServer, scratch: Path) -> None:
    add_commit(server.root / "tower", {"zeros.txt": "0" * 3_000_000})
    limits = CloneLimits(total_bytes=1_000_000)
    error = refusal(f"{server.origin}/tower", trusting(server.origin), scratch, limits)
    assert "over 1000000 bytes" in str(error)


def test_nothing_of_the_repository_is_run(server: GitServer, scratch: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    hook = f"#!/bin/sh\ntouch {ran}\n"
    repository = server.root / "tower"
    files: dict[str, str | bytes] = {
        ".githooks/post-checkout": hook,
        ".gitattributes": "* filter=lfs diff=lfs\n",
        ".gitmodules": '[submodule "inner"]\n\tpath = inner\n\turl = ext::touch% ran\n',
        "link": "kept as a link",
    }
    add_commit(repository, files)
    (repository / "link").unlink()
    (repository / "link").symlink_to("/etc/hostname")
    add_commit(repository, {})
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},inner")
    git(repository, "commit", "--quiet", "--message=Add a submodule")
    found = read(f"{server.origin}/tower", trusting(server.origin), scratch).texts
    assert not ran.exists()
    assert "link" not in found
    assert not any(path.startswith("inner/") for path in found)


def test_the_caller_can_stop_a_clone(server: GitServer, scratch: Path) -> None:
    class Cancelled(Exception):
        pass

    def stop() -> None:
        raise Cancelled

    rules = trusting(server.origin)
    url = check_url(f"{server.origin}/tower", rules)
    with pytest.raises(Cancelled), clone(url, rules, CloneLimits(), scratch, checkpoint=stop):
        pass
    assert not list(scratch.iterdir())


def test_an_empty_repository_has_no_files(server: GitServer, scratch: Path) -> None:
    (server.root / "empty").mkdir()
    git(server.root / "empty", "init", "--quiet", "--bare")
    assert read(f"{server.origin}/empty", trusting(server.origin), scratch).texts == {}


def test_https_is_checked_against_the_certificate(tmp_path: Path, scratch: Path) -> None:
    write_repository(tmp_path / "served" / "tower", FILES)
    certificate = own_certificate(tmp_path)
    with serving(GitServer(tmp_path / "served", certificate)) as server:
        origin = f"https://tower.invalid:{server.port}"
        rules = UrlRules(frozenset(), frozenset({"tower.invalid"}), certificate, this_machine)
        assert "README.md" in read(f"{origin}/tower", rules, scratch).texts
        strangers = UrlRules(frozenset(), frozenset({"tower.invalid"}), None, this_machine)
        assert isinstance(refusal(f"{origin}/tower", strangers, scratch), RepositoryUnreachable)


def this_machine(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def own_certificate(directory: Path) -> Path:
    path = directory / "tower.pem"
    words = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=tower.invalid"
    )
    extra = [
        "-addext",
        "subjectAltName=DNS:tower.invalid",
        "-keyout",
        str(path),
        "-out",
        str(directory / "cert"),
    ]
    subprocess.run([*words.split(), *extra], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (directory / "cert").read_bytes())
    return path


def test_a_sweep_leaves_what_is_in_use(server: GitServer, scratch: Path) -> None:
    rules = trusting(server.origin)
    killed = scratch / "watchroom-clone-dead"
    killed.mkdir(parents=True)
    (killed / "in-use").touch()
    with clone(check_url(f"{server.origin}/tower", rules), rules, CloneLimits(), scratch) as snapshot:
        assert sweep_scratch(scratch) == 1
        assert len(list(read_text_files(snapshot))) == 2
    assert not killed.exists()
