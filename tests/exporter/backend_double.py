"""A small HTTP server that answers as a test tells it to, in place of the watched backend."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.exporter.answering import Handler, answering


@dataclass
class Says:
    """One answer: a body, a status, and how the server sends it."""

    body: Any = None
    status: int = 200
    content_type: str = "application/json"
    after: threading.Event | None = None  # answer only once this is set
    length: int | None = None  # the Content-Length to claim
    headers: dict[str, str] = field(default_factory=dict)

    def payload(self) -> bytes:
        """The bytes that go out."""
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass
class BackendDouble:
    """The answers by path (with or without its query), and how often each path was asked."""

    url: str = ""
    answers: dict[str, Says | Callable[[], Says] | Any] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    headers: dict[str, str] = field(default_factory=dict)
    heard: dict[str, dict[str, str]] = field(default_factory=dict)  # the last headers, by path
    released: threading.Event = field(default_factory=threading.Event)

    def says(self, path: str, body: Any, status: int = 200, **more: Any) -> None:
        """Answer this path so from now on."""
        self.answers[path] = Says(body, status, **more)

    def monitoring(self, route: str, body: Any, status: int = 200, **more: Any) -> None:
        """Answer this route below /api/monitoring so from now on."""
        self.says(f"/api/monitoring{route}", body, status, **more)

    def hangs(self, path: str) -> None:
        """Never answer this path while the test runs."""
        self.says(path, "", after=self.released)

    def answer(self, path: str) -> Says:
        """The answer to this path, 404 where the test named none."""
        found = self.answers.get(path, self.answers.get(path.partition("?")[0]))
        if callable(found):
            return found()
        return found if isinstance(found, Says) else Says({"detail": "Not Found"}, 404)


@contextmanager
def backend_double(port: int = 0) -> Iterator[BackendDouble]:
    """A running server, on a free port unless one is given; it ends with the block, also where it hangs."""
    double = BackendDouble()

    class Answering(Handler, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            double.asked[self.path.partition("?")[0]] += 1
            double.headers = dict(self.headers.items())
            double.heard[self.path.partition("?")[0]] = double.headers
            says = double.answer(self.path)
            if says.after is not None:
                says.after.wait(30)
            payload = says.payload()
            self.send_response(says.status)
            self.send_header("Content-Type", says.content_type)
            self.send_header("Content-Length", str(says.length or len(payload)))
            for name, value in says.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)
            self.close_connection = says.length is not None

    with answering(Answering, double.released, port) as double.url:
        yield double
