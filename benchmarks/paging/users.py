"""People who use one route of the API at a steady rate, and notice how it answers."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from benchmarks.paging.significant import SignificanceWatch
from prometheus.thresholds import load

LEAST_THREADS = 12
SLOWEST = 1.0  # seconds that a response may take without the rate falling


class Users:
    """Requests at `rate` a second, and since when the bad responses prove that too many are bad."""

    def __init__(self, url: str, token: str, rate: float, bad: Callable[[int, float], bool]) -> None:
        self._url, self._headers = url, {"Authorization": f"Bearer {token}"}
        self._every, self._bad = 1 / rate, bad
        self._threads = max(LEAST_THREADS, round(rate * SLOWEST))
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._watch = SignificanceWatch(load().significance)
        self._responses, self._bad_responses = 0, 0

    @property
    def bad_share(self) -> float:
        """The share of all responses so far that were bad; 0 without any."""
        with self._lock:
            return self._bad_responses / max(self._responses, 1)

    def begin(self, *levels: float) -> None:
        """Take note from now on of when the share of bad responses is proven to pass each of these levels."""
        with self._lock:
            self._watch.begin(*levels)

    def passed(self, level: float) -> float | None:
        """When it passed this level."""
        return self._watch.passed(level)

    @property
    def first(self) -> float | None:
        """The moment of the first bad response since `begin`."""
        return self._watch.first

    @contextmanager
    def at_it(self) -> Iterator["Users"]:
        """Go on for as long as the block lasts."""
        threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(self._threads)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _ask(self, number: int) -> None:
        period = self._every * self._threads
        due = time.monotonic() + number * self._every
        # a bare connection: 200 requests a second of a comfortable client take half a core here
        with closing(http.client.HTTPConnection(urlsplit(self._url).netloc, timeout=5)) as connection:
            while not self._over.wait(max(due - time.monotonic(), 0)):
                due = max(due + period, time.monotonic())
                self._note(*timed_response(connection, urlsplit(self._url).path, self._headers))

    def _note(self, status: int, seconds: float) -> None:
        now, bad = time.monotonic(), self._bad(status, seconds)
        with self._lock:
            self._responses, self._bad_responses = self._responses + 1, self._bad_responses + bad
            self._watch.note(now, bad)


def timed_response(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str]
) -> tuple[int, float]:
    """The status of one request, 599 where there is none, and its seconds."""
    began = time.monotonic()
    try:
        connection.request("GET", path, headers=headers)
        with connection.getresponse() as response:
            response.read()
            status = response.status
    except (OSError, http.client.HTTPException):
        connection.close()  # the next request opens it again
        status = 599
    return status, time.monotonic() - began
