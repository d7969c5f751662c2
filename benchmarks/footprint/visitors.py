"""People who ask for one page at a steady rate, whether the last answer came or not, and what they met."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2

from benchmarks import quantiles
from benchmarks.footprint.backend import USERS_ROUTE, WatchedBackend
from benchmarks.footprint.beside import beside

PATIENCE = 15.0
TIMED_OUT = 599
BROKEN = 598  # the connection ended without a response


@dataclass(frozen=True)
class Visit:
    """When a request was sent (monotonic seconds), how long it took, and its status: 599 for a time-out."""

    at: float
    seconds: float
    status: int


@dataclass(frozen=True)
class Experience:
    """What people met."""

    visits: Sequence[Visit]

    def between(self, begin: float, end: float) -> "Experience":
        """Of the requests that were sent in this time."""
        return Experience([it for it in self.visits if begin <= it.at < end])

    def ended_between(self, begin: float, end: float) -> int:
        """How many requests were answered in this time."""
        return sum(begin <= it.at + it.seconds < end for it in self.visits if it.status < BROKEN)

    def quantile(self, share: float) -> float:
        """Milliseconds below which this share of the requests stayed; a time-out took all its patience."""
        return 1000 * quantiles.quantile([it.seconds for it in self.visits], share)

    def timed_out(self) -> int:
        """Requests that nobody answered in time."""
        return sum(it.status == TIMED_OUT for it in self.visits)

    def failed(self) -> int:
        """Requests that were answered with an error, or whose connection broke."""
        return sum(it.status >= 500 and it.status != TIMED_OUT for it in self.visits)


class Visitors:
    """Requests at `rate` a second, each over a connection of its own."""

    def __init__(self, backend: WatchedBackend, rate: float) -> None:
        self._url, self._headers = f"{backend.url}{USERS_ROUTE}", backend.headers()
        self._rate = rate
        self._over = threading.Event()
        self._visits: list[Visit] = []

    def so_far(self) -> Experience:
        """What they met until now."""
        return Experience(list(self._visits))

    @contextmanager
    def at_it(self) -> Iterator["Visitors"]:
        """Go on for as long as the block lasts, and until the last answer."""
        with beside(lambda: asyncio.run(self._come()), self._over):
            yield self

    async def _come(self) -> None:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
        async with (
            httpx2.AsyncClient(headers=self._headers, timeout=PATIENCE, limits=limits) as client,
            asyncio.TaskGroup() as everyone,
        ):
            due = time.monotonic()
            while not self._over.is_set():
                everyone.create_task(self._visit(client))
                due += 1 / self._rate
                await asyncio.sleep(max(due - time.monotonic(), 0))

    async def _visit(self, client: httpx2.AsyncClient) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                status = (await client.get(self._url)).status_code
        except (TimeoutError, httpx2.TimeoutException):
            status = TIMED_OUT
        except httpx2.HTTPError:
            status = BROKEN
        self._visits.append(Visit(began, time.monotonic() - began, status))
