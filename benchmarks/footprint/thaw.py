"""How soon a thawed backend answers its users: `python -m benchmarks.footprint thaw`."""

import statistics
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from benchmarks.footprint.backend import USERS_ROUTE, WatchedBackend, running_backend, watcher_if
from benchmarks.footprint.beside import beside
from benchmarks.footprint.report import Table

HEAD = ("First good response after the thaw", "Median s", "Each, s")
WARM = 20.0
PATIENCE = 5.0
PAUSE = 0.25
WAIT = 60.0


class OneUser:
    """Somebody who asks again as soon as an answer came or took too long."""

    def __init__(self, backend: WatchedBackend) -> None:
        self._url, self._headers = f"{backend.url}{USERS_ROUTE}", backend.headers()
        self._over = threading.Event()
        self.good: list[float] = []  # moments of good responses, monotonic seconds

    @contextmanager
    def at_it(self) -> Iterator["OneUser"]:
        """Go on for as long as the block lasts."""
        with beside(self._ask, self._over):
            yield self

    def _ask(self) -> None:
        while not self._over.wait(PAUSE):
            try:
                if httpx2.get(self._url, headers=self._headers, timeout=PATIENCE).is_success:
                    self.good.append(time.monotonic())
            except httpx2.HTTPError:
                continue


def tables(chosen: Namespace) -> list[Table]:
    """With and without, from SIGCONT to the first good response."""
    pairs = [(half(False, chosen), half(True, chosen)) for _ in range(chosen.pairs)]
    title = f"`{chosen.fault or 'no fault'}`, frozen for {chosen.seconds:g} s while one user goes on asking:"
    found = [row(name, [pair[place] for pair in pairs]) for place, name in enumerate(("without", "with"))]
    return [(title, HEAD, found)]


def half(watch: bool, chosen: Namespace) -> float:
    """Seconds from the thaw to the first good response; infinity where none came within a minute."""
    with (
        running_backend(chosen.fault) as backend,
        OneUser(backend).at_it() as user,
        watcher_if(backend, watch),
    ):
        time.sleep(WARM)
        backend.fault("server-frozen")
        time.sleep(chosen.seconds)
        thawed = time.monotonic()
        backend.mend("server-frozen")
        while time.monotonic() < thawed + WAIT:
            if later := [at for at in user.good if at > thawed]:
                return later[0] - thawed
            time.sleep(PAUSE / 10)
    return float("inf")


def row(name: str, seconds: list[float]) -> tuple[str, ...]:
    """The median, and each."""
    return name, f"{statistics.median(seconds):.2f}", ", ".join(f"{it:.2f}" for it in seconds)
