"""A receiver: a small HTTP server that keeps the notifications of Alertmanager."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Notification:
    """One notification: when it came (monotonic seconds), path, authorization and content."""

    at: float
    path: str
    authorization: str
    body: dict[str, Any]


@dataclass
class Inbox:
    """All notifications so far."""

    url: str
    notifications: list[Notification] = field(default_factory=list)

    def alerts(self, status: str = "firing") -> list[dict[str, Any]]:
        """All alerts with this status, as often as they were sent."""
        return [
            it
            for notification in self.notifications
            for it in notification.body.get("alerts", [])
            if it["status"] == status
        ]


class InboxServer(ThreadingHTTPServer):
    """A server for hundreds of connections at once."""

    request_queue_size = 1024


@contextmanager
def open_inbox() -> Iterator[Inbox]:
    """Serve an inbox on a free port."""
    server = InboxServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    inbox = Inbox(f"http://127.0.0.1:{server.server_port}")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"]))
            authorization = self.headers.get("Authorization", "")
            inbox.notifications.append(
                Notification(time.monotonic(), self.path, authorization, json.loads(text))
            )
            # the client may have ended meanwhile
            with suppress(OSError):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield inbox
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
