"""Hosts and resolvers that take their time: the limit holds from the look-up on."""

import threading
import time
from pathlib import Path

import pytest

from ingestion_api.repository import CloneLimits, RepositoryTooLarge, UrlRules, check_url, clone
from tests.ingestion_api.git_server import serving
from tests.ingestion_api.hostile import HostileRepository
from tests.ingestion_api.repository.clones import refusal, trusting
from tests.ingestion_api.slow_git_server import SlowGitServer
from tests.servers.waiting import eventually

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
