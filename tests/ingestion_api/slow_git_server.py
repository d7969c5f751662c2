"""A git server that gives one of its answers a byte at a time: the look-up, the references or the pack."""

from pathlib import Path
from typing import Any

from tests.ingestion_api.git_server import GitServer

PAUSE = 0.05  # seconds between two bytes: often enough that no time-out on silence is ever reached

ENDLESS = b"HTTP/1.1 200 OK\r\nX-Lamp: " + b"turning " * 1000


class SlowGitServer(GitServer):
    """`slow_at` names the answer: "look-up", "references" or "pack".

    Unless another `answer` is given it has no end.
    """

    def __init__(self, root: Path, slow_at: str, pause: float = PAUSE, answer: bytes = ENDLESS) -> None:
        super().__init__(root)
        self.slow_at = slow_at
        self.dripped = 0
        self._pause = pause
        self.answer = answer
        self._posts = 0

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer one connection, dripping where it is asked for."""
        if self._stage(request.recv(2000, 0x2)) == self.slow_at:  # MSG_PEEK: the request stays to be read
            self._drip(request)
        else:
            super().finish_request(request, client_address)

    def _drip(self, request: Any) -> None:
        request.recv(65_536)
        for byte in self.answer:
            # ends when the client is gone, or the test
            if self.closing.wait(self._pause):
                return
            self.dripped += 1
            try:
                request.sendall(bytes([byte]))
            except OSError:
                return

    def _stage(self, request: bytes) -> str:
        """Which answer is asked for: by our own look-up, or by git for references, then for the pack."""
        if request.startswith(b"POST"):
            self._posts += 1
            return "pack" if self._posts > 1 else "references"
        return "look-up" if b"User-Agent: git/watchroom" in request else "references"
