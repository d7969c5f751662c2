"""Somebody who is told: a small HTTP server that keeps what Alertmanager sends."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Letter:
    """One call: when it came (monotonic seconds), where to, by whom, and what it said."""

    at: float
    path: str
    authorization: str
    body: dict[str, Any]


@dataclass
class Inbox:
    """All calls so far."""

    url: str
    letters: list[Letter] = field(default_factory=list)

    def alerts(self, status: str = "firing") -> list[dict[str, Any]]:
        """Every alert that was told of with this status, as often as it was."""
        return [
            it for letter in self.letters for it in letter.body.get("alerts", []) if it["status"] == status
        ]


class Server(ThreadingHTTPServer):
    """One that can be called by hundreds at once."""

    request_queue_size = 1024


@contextmanager
def open_inbox() -> Iterator[Inbox]:
    """An inbox on a free port."""
    server = Server(("127.0.0.1", 0), BaseHTTPRequestHandler)
    inbox = Inbox(f"http://127.0.0.1:{server.server_port}")

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"]))
            authorization = self.headers.get("Authorization", "")
            inbox.letters.append(Letter(time.monotonic(), self.path, authorization, json.loads(text)))
            # whoever called may have ended meanwhile
            with suppress(OSError):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server.RequestHandlerClass = Take
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield inbox
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
