"""People who use one route of the API at a steady rate, and notice how it answers."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2

WINDOW = 10.0  # seconds, as the rules look back
THREADS = 12


class Users:
    """Requests at `rate` a second, and since when too many of the last ten seconds were bad."""

    def __init__(self, url: str, token: str, rate: float, bad: Callable[[int, float], bool]) -> None:
        self._url, self._headers = url, {"Authorization": f"Bearer {token}"}
        self._every, self._bad = 1 / rate, bad
        self._lock = threading.Lock()
        self._answers: deque[tuple[float, bool]] = deque()
        self._over = threading.Event()
        self._from = float("inf")
        self.first: float | None = None  # moment of the first bad answer since `begin`
        self._crossed: dict[float, float] = {}
        self._levels: tuple[float, ...] = ()

    def begin(self, *levels: float) -> None:
        """Take note from now on of when the share of bad answers passes each of these levels."""
        with self._lock:
            self.first, self._crossed, self._levels = None, {}, levels

    def crossed(self, level: float) -> float | None:
        """When it passed this level."""
        return self._crossed.get(level)

    @contextmanager
    def at_it(self) -> Iterator["Users"]:
        """Go on for as long as the block lasts."""
        threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _ask(self, number: int) -> None:
        period = self._every * THREADS
        due = time.monotonic() + number * self._every
        with httpx2.Client(headers=self._headers, timeout=5) as client:
            while not self._over.wait(max(due - time.monotonic(), 0)):
                due = max(due + period, time.monotonic())
                self._note(*timed_response(client, self._url))

    def _note(self, status: int, seconds: float) -> None:
        now, bad = time.monotonic(), self._bad(status, seconds)
        with self._lock:
            self._answers.append((now, bad))
            while self._answers[0][0] < now - WINDOW:
                self._answers.popleft()
            if bad and self.first is None:
                self.first = now
            share = sum(it for _, it in self._answers) / len(self._answers)
            for level in self._levels:
                if share > level:
                    self._crossed.setdefault(level, now)


def timed_response(client: httpx2.Client, url: str) -> tuple[int, float]:
    """The status of one request, 599 where there is none, and its seconds."""
    began = time.monotonic()
    try:
        status = client.get(url).status_code
    except httpx2.HTTPError:
        status = 599
    return status, time.monotonic() - began
