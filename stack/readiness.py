"""Readiness of processes. `python -m stack.readiness SECONDS URL... -- COMMAND` waits, then runs COMMAND."""

import http.client
import os
import socket
import sys
import time
from collections.abc import Sequence
from threading import Event, Thread
from urllib.parse import urlsplit

from stack.process_spec import ProcessSpec

PROBE_TIMEOUT = 1.0
PAUSE = 0.1


class ReadinessProbe(Thread):
    """Probes all processes until each has responded once, or the time is over."""

    def __init__(self, processes: Sequence[ProcessSpec], seconds: float) -> None:
        super().__init__(name="readiness", daemon=True)
        self.pending = [process for process in processes if process.awaited]
        self.seconds = seconds
        self.all_ready = Event()
        self.timed_out = Event()
        self._cancelled = Event()
        self._ended: set[str] = set()

    def run(self) -> None:
        """Set `all_ready` or `timed_out`."""
        deadline = time.monotonic() + self.seconds
        while not self._cancelled.wait(PAUSE):
            self.pending = [it for it in self.pending if not (it.name in self._ended or self._is_ready(it))]
            if not self.pending:
                self.all_ready.set()
                return
            if time.monotonic() >= deadline:
                # the health monitor reports optional processes that are not ready
                required = any(not process.optional for process in self.pending)
                (self.timed_out if required else self.all_ready).set()
                return

    def forget(self, name: str) -> None:
        """Wait no longer for a process that has ended."""
        self._ended.add(name)

    def cancel(self) -> None:
        """Stop probing."""
        self._cancelled.set()

    @staticmethod
    def _is_ready(process: ProcessSpec) -> bool:
        return is_responding(process.ready_url)


def is_responding(url: str) -> bool:
    """Whether an http:// URL responds with 2xx, or a tcp:// URL accepts a connection. Raises ValueError."""
    parts = urlsplit(url)
    if parts.hostname is None or parts.port is None:
        raise ValueError(f"the address {url!r} has no host or port; expected http://host:port/path")
    try:
        if parts.scheme == "tcp":
            socket.create_connection((parts.hostname, parts.port), PROBE_TIMEOUT).close()
            return True
        return 200 <= _status(parts.hostname, parts.port, parts.path or "/") < 300
    except (OSError, http.client.HTTPException):
        return False


def _status(host: str, port: int, path: str) -> int:
    connection = http.client.HTTPConnection(host, port, timeout=PROBE_TIMEOUT)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def main(words: list[str]) -> None:
    """Wait for the URLs, then exec the command; exit with status 1 and one sentence after the timeout."""
    split = words.index("--")
    seconds, urls, command = float(words[0]), words[1:split], words[split + 1 :]
    deadline = time.monotonic() + seconds
    for url in urls:
        while not is_responding(url):
            if time.monotonic() >= deadline:
                sys.exit(f"{url} did not respond within {seconds:g} s, so {command[0]} was not started")
            time.sleep(PAUSE)
    os.execvp(command[0], command)  # noqa: S606  - the command of stack/processes.py, without a shell


if __name__ == "__main__":
    main(sys.argv[1:])
