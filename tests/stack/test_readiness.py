"""A process is ready when its URL responds; a command can wait for that."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from stack.readiness import is_responding
from stack.settings import ROOT
from tests.stack.stub_server import StubServer


@pytest.fixture
def server() -> Iterator[StubServer]:
    """A server whose pages the test writes."""
    with StubServer() as found:
        yield found


@pytest.mark.parametrize(("status", "responding"), [(200, True), (204, True), (302, False), (503, False)])
def test_a_url_responds_with_2xx(server: StubServer, status: int, responding: bool) -> None:
    server.responses["/ready"] = (status, "")
    assert is_responding(f"{server.url}/ready") is responding


def test_a_tcp_url_accepts_connections(server: StubServer) -> None:
    assert is_responding(server.url.replace("http://", "tcp://"))
    assert not is_responding("tcp://127.0.0.1:1")


def test_a_url_without_a_port_is_refused() -> None:
    with pytest.raises(ValueError, match="has no host or port; expected http://host:port/path"):
        is_responding("http://127.0.0.1/ready")


def test_a_command_starts_once_its_urls_respond(server: StubServer) -> None:
    server.responses["/ready"] = (200, "")
    command = [sys.executable, "-m", "stack.readiness", "5", f"{server.url}/ready", "--", "echo", "started"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert ended.stdout == "started\n"


def test_a_command_whose_urls_do_not_respond_is_not_started() -> None:
    waiting = [sys.executable, "-m", "stack.readiness", "0.2", "tcp://127.0.0.1:1", "--", "true"]
    ended = subprocess.run(waiting, capture_output=True, text=True, cwd=ROOT, check=False)
    assert ended.returncode == 1
    assert ended.stderr == "tcp://127.0.0.1:1 did not respond within 0.2 s, so true was not started\n"
