"""A git host that sends git, which never asked for it, to an address of its choice for a part of the pack."""

import subprocess
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.ingestion_api.git_server import GitServer

SERVICE = "application/x-git-upload-pack"


class LuringGitServer(GitServer):
    """Serves one repository by git's protocol 2; `lure` is the address, which a section packfile-uris names.

    To a look-up it answers as every host does.
    """

    def __init__(self, repository: Path, lure: str) -> None:
        super().__init__(repository.parent)
        self.RequestHandlerClass = _Luring
        self.lure = lure
        self.commit = _ask(repository, "rev-parse", "HEAD").decode().strip()
        self.pack = _ask(repository, "pack-objects", "--all", "--stdout", "-q")


class _Luring(BaseHTTPRequestHandler):
    server: LuringGitServer

    def do_GET(self) -> None:
        if "git/watchroom" in self.headers.get("User-Agent", ""):
            lines = _line(f"{self.server.commit} HEAD\0side-band-64k shallow\n".encode())
        else:
            lines = b"".join(map(_line, (b"version 2\n", b"ls-refs\n", b"fetch=shallow\n")))
        self._send("advertisement", _line(b"# service=git-upload-pack\n") + b"0000" + lines + b"0000")

    def do_POST(self) -> None:
        wanted = self.rfile.read(int(self.headers["Content-Length"]))
        if b"command=ls-refs" in wanted:
            return self._send("result", _line(f"{self.server.commit} HEAD\n".encode()) + b"0000")
        return self._send("result", self._fetched())

    def _fetched(self) -> bytes:
        shallow = _line(b"shallow-info\n") + _line(f"shallow {self.server.commit}\n".encode())
        lured = _line(b"packfile-uris\n") + _line(f"{'a' * 40} {self.server.lure}\n".encode())
        return b"0001".join(
            (shallow, lured, _line(b"packfile\n") + _line(b"\1" + self.server.pack) + b"0000")
        )

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"{SERVICE}-{kind}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class gives it
        """Keep quiet."""


def _line(content: bytes) -> bytes:
    return f"{len(content) + 4:04x}".encode() + content


def _ask(repository: Path, *words: str) -> bytes:
    return subprocess.run(
        ["git", *words], cwd=repository, check=True, capture_output=True, stdin=subprocess.DEVNULL
    ).stdout
