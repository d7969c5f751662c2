"""What is true of the watched servers, looked at beside the exporter, once a second."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2
import psycopg
import redis

from benchmarks.footprint.backend import WatchedBackend
from benchmarks.footprint.beside import beside
from benchmarks.footprint.visitors import Experience, Visitors

EVERY = 1.0
PATIENCE = 5.0


@dataclass(frozen=True)
class Observation:
    """One look: when (monotonic seconds), and what did not answer or run."""

    at: float
    missing: frozenset[str]


class Observations:
    """Looks at PostgreSQL, Redis and the processes of the demo; users say how the API answers."""

    def __init__(self, backend: WatchedBackend, people: Visitors) -> None:
        self._backend, self._people = backend, people
        self._over = threading.Event()
        self._looks: list[Observation] = []

    @contextmanager
    def watched(self) -> Iterator["Observations"]:
        """Look for as long as the block lasts."""
        with beside(self._keep_looking, self._over):
            yield self

    def missing(self, begin: float, end: float) -> set[str]:
        """What was missing at any look of this time."""
        return {name for look in self._looks if begin <= look.at <= end for name in look.missing}

    def users(self, begin: float, end: float) -> Experience:
        """What the users met in this time."""
        return self._people.so_far().between(begin, end)

    def _keep_looking(self) -> None:
        while not self._over.wait(EVERY):
            self._looks.append(Observation(time.monotonic(), frozenset(self._look())))

    def _look(self) -> Iterator[str]:
        settings = self._backend.settings
        try:
            psycopg.connect(settings.database_address.replace("+psycopg", ""), connect_timeout=5).close()
        except psycopg.Error:
            yield "PostgreSQL"
        try:
            with redis.Redis.from_url(settings.broker_url, socket_timeout=PATIENCE) as client:
                client.ping()
        except redis.RedisError:
            yield "Redis"
        yield from self._processes()

    def _processes(self) -> Iterator[str]:
        try:
            page = httpx2.get(f"http://127.0.0.1:{self._backend.settings.control_port}/", timeout=PATIENCE)
            yield from (it["name"] for it in page.json()["parts"] if not it["running"])
        except httpx2.HTTPError:
            yield "demo"
