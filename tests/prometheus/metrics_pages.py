"""Metrics pages served for Prometheus on a fixed port."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from prometheus.peer_jobs import with_jobs
from tests.prometheus.rule_files import FILES, FOLDER

Pages = Mapping[str, str | Callable[[], str]]  # by path, or by path and query


@contextmanager
def serving(port: int, pages: Pages) -> Iterator[str]:
    """Serve these pages by path while the block runs; the address without a scheme."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(unquote(self.path)) or pages[urlsplit(self.path).path]
            text = (page if isinstance(page, str) else page()).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def configuration(
    targets: Mapping[str, str], interval: str = "", peers: Sequence[str] = ()
) -> dict[str, Any]:
    """The checked-in rules and scrape jobs of these names, with these targets; `peers` are switched on."""
    checked_in = yaml.safe_load(with_jobs((FOLDER / "prometheus.yml").read_text(), [*peers]))
    jobs = [it for it in checked_in["scrape_configs"] if it["job_name"] in targets]
    sooner = {"scrape_interval": interval, "scrape_timeout": interval} if interval else {}
    return {
        "rule_files": [str(it) for it in FILES],
        "scrape_configs": [
            {**it, **sooner, "static_configs": [{"targets": [targets[it["job_name"]]]}]} for it in jobs
        ],
    }
