"""A host of git repositories on 127.0.0.1, speaking smart HTTP through git's own http-backend."""

import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET, AF_INET6
from typing import Any, TypeVar


def git(directory: Path, *words: str) -> None:
    """Run git as a person of no name, with no settings of this machine."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{
            f"GIT_{role}_{part}": "keeper@tower.example"
            for role in ("AUTHOR", "COMMITTER")
            for part in ("NAME", "EMAIL")
        },
    }
    subprocess.run(["git", *words], cwd=directory, env=environment, check=True, capture_output=True)


def write_repository(directory: Path, files: dict[str, str | bytes]) -> Path:
    """Make a repository of one commit with these files."""
    directory.mkdir(parents=True)
    git(directory, "init", "--quiet", "--initial-branch=main")
    add_commit(directory, files)
    return directory


def add_commit(directory: Path, files: dict[str, str | bytes]) -> None:
    """Write these files and commit everything that is in the directory."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    git(directory, "add", "--all", "--force")
    git(directory, "commit", "--quiet", "--allow-empty", "--message=Light the lamp")


class GitServer(ThreadingHTTPServer):
    """Serves the repositories under `root`; `redirects` maps a path's start to where it moved."""

    daemon_threads = True

    def __init__(self, root: Path, certificate: Path | None = None, host: str = "127.0.0.1") -> None:
        self.address_family = AF_INET6 if ":" in host else AF_INET
        super().__init__((host, 0), _Request)
        self.root = root
        self.redirects: dict[str, str] = {}
        self.statuses: dict[str, int] = {}
        self.asked: list[str] = []
        self.silent_at = ""
        self.closing = threading.Event()
        self.scheme = "http"
        if certificate is not None:
            self.scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves early is no error of the host."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def port(self) -> int:
        """The free port that the system gave."""
        return int(self.server_address[1])

    @property
    def origin(self) -> str:
        """Where the server is."""
        host = "[::1]" if self.address_family == AF_INET6 else "127.0.0.1"
        return f"{self.scheme}://{host}:{self.port}"


class GatedServer(GitServer):
    """A host that lets nobody at its /slow repositories until the gate is opened."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.gate = threading.Event()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer one connection."""
        peeked = request.recv(200, 0x2)  # MSG_PEEK: the request line stays to be read
        if b" /slow" in peeked:
            self.gate.wait(60)
        super().finish_request(request, client_address)


class _Request(BaseHTTPRequestHandler):
    server: GitServer

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            return self.send_error(411)
        return self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        self.server.asked.append(self.path)
        if self.server.silent_at and self.path.startswith(self.server.silent_at):
            self.server.closing.wait()
        for start, target in self.server.redirects.items():
            if self.path.startswith(start):
                self.send_response(302)
                self.send_header("Location", target + self.path.removeprefix(start))
                return self.end_headers()
        for start, status in self.server.statuses.items():
            if self.path.startswith(start):
                return self.send_error(status)
        return self._backend(body)

    def _backend(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        variables = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        answer = subprocess.run(
            ["git", "http-backend"], input=body, env=variables, capture_output=True, check=False
        )
        self._send(answer.stdout)

    def _send(self, answer: bytes) -> None:
        head, _, body = answer.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class gives it
        """Keep quiet."""


Served = TypeVar("Served", bound=GitServer)


@contextmanager
def serving(server: Served) -> Iterator[Served]:
    """Serve in a thread until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
