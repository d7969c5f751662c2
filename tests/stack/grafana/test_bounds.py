"""What a repository sends without an end is refused; what never comes is given up."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from stack.grafana import apt, package
from stack.grafana.package import ADVICE
from stack.grafana.repository import Repository
from tests.stack.grafana.refusal import refusal
from tests.stack.grafana.repository import SignedRepository

Send = Callable[[Callable[[bytes], object]], None]
GIVEN_UP = 20.0


@contextmanager
def sending(send: Send) -> Iterator[str]:
    """The address of a server that says of no file how long it is, and sends this of each."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            with suppress(OSError):
                send(lambda block: self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block)))
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_file_of_keys_without_an_end_is_refused(wanted: Repository, cache: Path) -> None:
    sent: list[int] = []

    def endless(write: Callable[[bytes], object]) -> None:
        # far more than is taken, and still not for ever
        for _ in range(1000):
            write(bytes(100_000))
            sent.append(100_000)

    with sending(endless) as url:
        sentence = refusal(wanted.model_copy(update={"key_url": f"{url}/key"}), cache)
    told = f"Grafana was refused: {url}/key is longer than 1024 KiB; expected a file of keys"
    assert sentence == f"{told}; {ADVICE}"
    assert sum(sent) < 50_000_000


@pytest.mark.parametrize("files", [1, 40])
def test_a_package_that_unpacks_more_than_grafana_can_need_is_refused(
    repository: SignedRepository,
    wanted: Repository,
    cache: Path,
    files: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fill(content: Path) -> None:
        for number in range(files):
            (content / "usr" / f"zeros{number}").write_bytes(bytes(8 * package.BLOCK // files))

    repository.build(fill)
    assert repository.package.stat().st_size < 100_000
    monkeypatch.setattr(package, "MOST_UNPACKED", 4)
    told = "Grafana was refused: grafana_12.4.3_all.deb unpacks more than 4 MiB; expected what fits"
    assert refusal(wanted, cache) == f"{told}; {ADVICE}"
    monkeypatch.setattr(package, "MOST_UNPACKED", 9)
    assert package.download(wanted, cache, lambda _: None)


@pytest.mark.parametrize("name", ["key_url", "uri"])
def test_a_byte_now_and_then_is_given_up(
    wanted: Repository, cache: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apt, "SMALL_FILES", 2)
    ended = Event()

    def trickle(write: Callable[[bytes], object]) -> None:
        while not ended.wait(0.2):
            write(b"-")

    began = time.monotonic()
    with sending(trickle) as url:
        try:
            sentence = refusal(wanted.model_copy(update={name: url}), cache)
        finally:
            ended.set()
    assert sentence == (
        f"Grafana cannot be downloaded: {url} is too slow; expected all of it within 2 s; {ADVICE}"
    )
    assert time.monotonic() - began < GIVEN_UP
