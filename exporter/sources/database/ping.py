"""Pings the database."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from exporter.errors import SourceTimeout
from exporter.sources.database.reader import DatabaseReader

# of a SQLite file SELECT 1 reads nothing, so it would succeed on a locked one
PING_QUERIES = {"postgresql": text("SELECT 1"), "sqlite": text("SELECT count(*) FROM sqlite_master")}
# PostgreSQL 15 counts the transactions of a session that reads no table only when it ends
COUNTED_PING_QUERIES = {**PING_QUERIES, "postgresql": text("SELECT 1 FROM pg_catalog.pg_am LIMIT 1")}
COUNTED_PING_INTERVAL = 5.0  # seconds


@dataclass(frozen=True)
class PingResult:
    """A response to the smallest query; `seconds` is its duration."""

    seconds: float


class DatabasePinger:
    """Pings over one connection; a timeout counts only if a ping over a second, new one times out, too.

    A refusal counts at once.
    """

    def __init__(self, links: Sequence[DatabaseReader], clock: Callable[[], float] = time.monotonic) -> None:
        self._readers = list(links)
        self._clock = clock
        self._counted_at = float("-inf")
        self.last: PingResult | None = None

    async def ping(self) -> PingResult:
        """The result. Raises SourceError: SourceTimeout after two time-outs."""
        is_due = self._clock() - self._counted_at > COUNTED_PING_INTERVAL
        try:
            self.last = await self._readers[0].read(read_counted_ping if is_due else read_ping)
        except SourceTimeout:
            self._readers.reverse()  # the first may hang while connecting, which cannot be interrupted
            self.last = await self._readers[0].read(read_ping)
            return self.last
        if is_due:
            self._counted_at = self._clock()
        return self.last


def read_ping(connection: Connection) -> PingResult:
    """Run the smallest query that needs the database."""
    began = time.perf_counter()
    connection.execute(PING_QUERIES[connection.dialect.name]).fetchall()
    return PingResult(time.perf_counter() - began)


def read_counted_ping(connection: Connection) -> PingResult:
    """The same, but read a small table."""
    began = time.perf_counter()
    connection.execute(COUNTED_PING_QUERIES[connection.dialect.name]).fetchall()
    return PingResult(time.perf_counter() - began)
