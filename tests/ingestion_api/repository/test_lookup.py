"""A repository is looked up: what its host advertises, redirects, and hosts that take their time."""

import threading
import time
from io import BytesIO
from pathlib import Path

import pytest

from ingestion_api.repository import CloneLimits, RepositoryTooLarge, UrlRules, check_url, clone
from ingestion_api.repository.lookup import Head, HeadState, read_head
from tests.ingestion_api.git_server import serving
from tests.ingestion_api.hostile import HostileRepository
from tests.ingestion_api.repository.clones import refusal, trusting
from tests.ingestion_api.slow_git_server import SlowGitServer
from tests.servers.waiting import eventually

START = b"001e# service=git-upload-pack\n0000"
SHA1, SHA256 = b"1" * 40, b"2" * 64


def packet(line: bytes) -> bytes:
    """A line as git frames it."""
    return b"%04x" % (len(line) + 4) + line


@pytest.mark.parametrize(
    ("said", "head"),
    [
        (START + packet(SHA1 + b" HEAD\0symref=HEAD:refs/heads/main\n"), Head(HeadState.COMMIT)),
        (START + packet(SHA256 + b" HEAD\0object-format=sha256\n"), Head(HeadState.COMMIT, 64)),
        (START + packet(SHA1 + b" refs/heads/main\0agent=git\n"), Head(HeadState.MISSING)),
        (START + packet(b"0" * 40 + b" capabilities^{}\0agent=git\n") + b"0000", Head(HeadState.EMPTY)),
        (START + b"0000", Head(HeadState.EMPTY)),
        (packet(SHA1 + b" HEAD\0\n"), Head(HeadState.COMMIT)),
        (START + packet(b"version 2\n"), Head()),
        (START + packet(b"ERR not now\n"), Head()),
        (START + b"00ff" + SHA1 + b" HE", Head()),
        (START, Head()),
        (START + b"0001", Head()),
        (START + b"+020", Head()),
        (b"<html>", Head()),
        (b"", Head()),
    ],
)
def test_what_head_names(said: bytes, head: Head) -> None:
    assert read_head(BytesIO(said)) == head


SAME = b"/tower/info/refs?service=git-upload-pack"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: " + SAME + b"\r\nContent-Length: 0\r\n\r\n"
LIMITS = CloneLimits(seconds=1.0)
AT_MOST = 10.0  # seconds, on a busy machine


@pytest.mark.parametrize("slow_at", ["look-up", "references", "pack"])
def test_a_host_that_drips_costs_no_more_than_the_limit(tmp_path: Path, scratch: Path, slow_at: str) -> None:
    HostileRepository(tmp_path / "served" / "tower").files(["a.md"])
    with serving(SlowGitServer(tmp_path / "served", slow_at)) as server:
        started = time.monotonic()
        error = refusal(f"{server.origin}/tower", trusting(server.origin), scratch, LIMITS)
        assert time.monotonic() - started < AT_MOST
        assert isinstance(error, RepositoryTooLarge)
        assert "took over 1 s" in str(error)
        assert server.dripped
        eventually(lambda: not lookups(), within=AT_MOST)


def lookups() -> list[str]:
    """The threads that look something up."""
    return [thread.name for thread in threading.enumerate() if thread.name == "repository-lookup"]


def test_redirects_that_take_long_count_together(tmp_path: Path, scratch: Path) -> None:
    """Each answer is in time, all together are not."""
    with serving(SlowGitServer(tmp_path, "look-up", 0.005, MOVED)) as server:
        started = time.monotonic()
        error = refusal(f"{server.origin}/tower", trusting(server.origin), scratch, LIMITS)
        assert isinstance(error, RepositoryTooLarge)
        assert time.monotonic() - started < AT_MOST


def test_a_resolver_that_hangs_costs_no_more_than_the_limit(scratch: Path) -> None:
    done = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        done.wait(30)
        return ["127.0.0.1"]

    started = time.monotonic()
    error = refusal("https://tower.invalid/lamp", UrlRules(resolve=resolve), scratch, LIMITS)
    assert "took over 1 s" in str(error)
    assert time.monotonic() - started < AT_MOST
    done.set()
    eventually(lambda: not lookups(), within=AT_MOST)


def test_the_caller_can_stop_a_look_up(tmp_path: Path, scratch: Path) -> None:
    class Cancelled(Exception):
        pass

    def stop() -> None:
        if server.dripped:
            raise Cancelled

    with serving(SlowGitServer(tmp_path, "look-up")) as server:
        rules = trusting(server.origin)
        url = check_url(f"{server.origin}/tower", rules)
        with pytest.raises(Cancelled), clone(url, rules, CloneLimits(), scratch, stop):
            pass
    assert not list(scratch.iterdir())
