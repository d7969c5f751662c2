"""Serves the project's own git repository over HTTP, read only: `python -m demo.git_server`."""

import os
import shutil
import subprocess
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

from demo.settings import read_settings

ROOT = Path(__file__).parents[1]
NAME = "/watchroom.git"
# what a clone says of what it wants and has; a push would be longer, and is not served
MAX_REQUEST_BYTES = 1_000_000
REFS_REQUEST = f"{NAME}/info/refs", "service=git-upload-pack"
UPLOAD_PACK = f"{NAME}/git-upload-pack"


def find_repository(root: Path = ROOT) -> Path | None:
    """The folder in which git keeps the repository of this checkout; None where there is none, or no git."""
    program = shutil.which("git")
    # a tarball that was unpacked inside another repository is none itself
    if program is None or not (root / ".git").exists():
        return None
    # in a checkout that belongs to somebody else, git would refuse without this word
    words = ("-c", f"safe.directory={root}", "rev-parse", "--path-format=absolute", "--git-common-dir")
    found = subprocess.run([program, *words], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603  fixed words
    return Path(found.stdout.strip()) if found.returncode == 0 else None


class GitServer(ThreadingHTTPServer):
    """Serves the repository in this folder at the host's `/watchroom.git`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], repository: Path) -> None:
        super().__init__(address, _Request)
        self.repository = repository


class _Request(BaseHTTPRequestHandler):
    server: GitServer
    timeout = 30

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if (path, query) != REFS_REQUEST:
            return self.send_error(HTTPStatus.NOT_FOUND, "Only fetching from /watchroom.git is served")
        return self._answer(path, query, b"")

    def do_POST(self) -> None:
        if self.path != UPLOAD_PACK:
            return self.send_error(HTTPStatus.NOT_FOUND, "Only fetching from /watchroom.git is served")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_REQUEST_BYTES:
            return self.send_error(
                HTTPStatus.BAD_REQUEST, f"Expected a length of at most {MAX_REQUEST_BYTES} bytes"
            )
        return self._answer(UPLOAD_PACK, "", self.rfile.read(int(length)))

    def _answer(self, path: str, query: str, body: bytes) -> None:
        git = shutil.which("git") or "git"
        with subprocess.Popen(  # noqa: S603  fixed words
            [git, "http-backend"],
            env=self._variables(path.removeprefix(NAME), query),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as backend:
            if backend.stdin is None or backend.stdout is None:
                return self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)
            with backend.stdin as questions:
                questions.write(body)
            self._relay(backend.stdout)
        return None

    def _variables(self, path: str, query: str) -> dict[str, str]:
        settings = {"safe.directory": "*", "http.receivepack": "false", "http.getanyfile": "false"}
        counted = enumerate(settings.items())
        return {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.repository),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": str(len(settings)),
            **{
                f"GIT_CONFIG_{part}_{number}": word
                for number, setting in counted
                for part, word in zip(("KEY", "VALUE"), setting, strict=True)
            },
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }

    def _relay(self, answer: IO[bytes]) -> None:
        headers = {}
        while line := answer.readline().decode("latin-1").strip():
            name, _, value = line.partition(": ")
            headers[name] = value
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        # its end is the end of the connection, as in HTTP/1.0
        self.end_headers()
        shutil.copyfileobj(answer, self.wfile)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name that the base class gives it
        """Keep quiet."""


def main() -> None:
    """Serve until ended; a sentence and status 1 where there is nothing to serve."""
    settings, found = read_settings(), find_repository()
    if found is None:
        sys.exit("This checkout is no git repository, so there is none to serve.")
    with GitServer(("127.0.0.1", settings.git_port), found) as host:
        host.serve_forever()


if __name__ == "__main__":
    main()
