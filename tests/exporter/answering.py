"""The HTTP server behind the doubles of this folder: silent in the log, and it ends where a test ends."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers over kept connections; what it answers is up to who builds on it."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def handle(self) -> None:
        """Answer until the exporter hangs up, as it should."""
        with suppress(OSError):
            super().handle()


@contextmanager
def answering(handler: type[Handler], released: threading.Event, port: int = 0) -> Iterator[str]:
    """The URL of a running server, on a free port unless one is given; `released` ends what hangs in it."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        released.set()
        server.shutdown()
        server.server_close()
        thread.join()
