"""Which connection is pinged, and what the last ping is worth."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from exporter.clock import steady_time
from exporter.errors import RequestFailed, SourceTimeout
from exporter.settings_stores import DatabaseSettings
from exporter.sources.database.drivers import make_driver
from exporter.sources.database.ping import DatabasePinger, PingResult, read_counted_ping, read_ping
from exporter.sources.database.reader import DatabaseReader
from exporter.sources.database.source import DatabaseSource
from tests.exporter.backend_tables import create, sqlite_url


class Link(DatabaseReader):
    """A connection that answers, or fails, and remembers what was read."""

    def __init__(self, folder: Path, error: Exception | None = None) -> None:
        super().__init__("test", make_driver(sqlite_url(folder)), 1.0)
        self.error = error
        self.reads: list[Any] = []

    async def read(self, read: Any) -> Any:
        """Remember the read."""
        self.reads.append(read)
        if self.error is not None:
            raise self.error
        return PingResult(float(len(self.reads)))


def pinged(first: Link, second: Link, *times: float) -> list[float | str]:
    """The results of pings at these times."""
    now = [0.0]
    pinger = DatabasePinger([first, second], clock=lambda: now[0])

    async def run() -> list[float | str]:
        seen: list[float | str] = []
        for now[0] in times:
            try:
                seen.append((await pinger.ping()).seconds)
            except (SourceTimeout, RequestFailed) as error:
                seen.append(str(error))
        return seen

    return asyncio.run(run())


def test_a_ping_is_counted_by_the_server_every_few_seconds(tmp_path: Path) -> None:
    link = Link(tmp_path)
    assert pinged(link, Link(tmp_path), 0.0, 1.0, 5.0, 5.1, 10.1, 10.2) == [1, 2, 3, 4, 5, 6]
    counted = [read is read_counted_ping for read in link.reads]
    assert counted == [True, False, False, True, False, True]


def test_a_time_out_counts_where_a_second_connection_times_out_too(tmp_path: Path) -> None:
    silent, other = Link(tmp_path, SourceTimeout("silent")), Link(tmp_path)
    assert pinged(silent, other, 0.0, 1.0) == [1, 2]
    assert silent.reads == [read_counted_ping]
    assert other.reads == [read_ping, read_counted_ping]
    assert pinged(Link(tmp_path, SourceTimeout("a")), Link(tmp_path, SourceTimeout("b")), 0.0) == ["b"]


def test_a_refusal_counts_at_once(tmp_path: Path) -> None:
    refusing, other = Link(tmp_path, RequestFailed("refused")), Link(tmp_path)
    assert pinged(refusing, other, 0.0) == ["refused"]
    assert other.reads == []


@pytest.mark.parametrize(("age", "known"), [(0.0, True), (3.9, True), (4.1, False)])
def test_the_last_ping_is_worth_something_until_a_time_out_must_have_shown(
    tmp_path: Path, age: float, known: bool
) -> None:
    url = SecretStr(create(sqlite_url(tmp_path)))

    async def run() -> bool:
        source = DatabaseSource(DatabaseSettings(url=url, fast_period=1.0, timeout=1.0))
        assert source.last_ping() is None
        await source.ping.refresh()
        source.ping.succeeded_at = steady_time() - age
        found = source.last_ping()
        source.ping.error = RequestFailed("refused")
        assert source.last_ping() is None
        await source.close()
        return found is not None

    assert asyncio.run(run()) is known
