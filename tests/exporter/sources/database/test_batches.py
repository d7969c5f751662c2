"""When reads of one period run together, and what they share."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from exporter.errors import RequestFailed
from exporter.sources.database.daemon_executor import DaemonExecutor
from exporter.sources.database.drivers import make_driver
from exporter.sources.database.read_batcher import ReadBatcher
from exporter.sources.database.reader import DatabaseReader
from tests.exporter.backend_tables import create, sqlite_url

Ask = Callable[[], Awaitable[Any]]


async def reachable() -> None:
    """The database responds."""


def one(connection: Connection) -> int:
    """A small read."""
    return int(connection.execute(text("SELECT 1")).scalar_one())


def two(connection: Connection) -> int:
    """Another one."""
    return int(connection.execute(text("SELECT 2")).scalar_one())


def batching(
    folder: Path,
    use: Callable[[ReadBatcher], Awaitable[None]],
    period: float,
    check: Callable[[], Awaitable[object]] = reachable,
) -> None:
    """Use a batcher of a file."""

    async def run() -> None:
        reader = DatabaseReader("test", make_driver(create(sqlite_url(folder))), 5.0)
        batcher = ReadBatcher(reader, period, check)
        try:
            await use(batcher)
        finally:
            await batcher.close()
            await reader.close()

    asyncio.run(run())


def test_when_all_members_are_there_they_are_read_at_once(tmp_path: Path) -> None:
    async def use(batcher: ReadBatcher) -> None:
        asks: list[Ask] = [batcher.batched(one), batcher.batched(two)]
        began = time.monotonic()
        assert await asyncio.gather(*(ask() for ask in asks)) == [1, 2]
        assert time.monotonic() - began < 0.45

    batching(tmp_path, use, period=600.0)


@pytest.mark.parametrize(("period", "waits"), [(1.0, 0.1), (600.0, 0.5)])
def test_one_that_is_alone_waits_a_moment_for_the_others(tmp_path: Path, period: float, waits: float) -> None:
    async def use(batcher: ReadBatcher) -> None:
        ask, _ = batcher.batched(one), batcher.batched(two)
        began = time.monotonic()
        assert await ask() == 1
        assert waits - 0.02 < time.monotonic() - began < waits + 0.35

    batching(tmp_path, use, period)


def test_one_out_of_step_waits_until_the_period_is_over(tmp_path: Path) -> None:
    async def use(batcher: ReadBatcher) -> None:
        asks: list[Ask] = [batcher.batched(one), batcher.batched(two)]
        await asyncio.gather(*(ask() for ask in asks))
        began = time.monotonic()
        late = asyncio.ensure_future(asks[0]())
        await asyncio.sleep(0.1)
        assert not late.done()
        assert await late == 1
        assert time.monotonic() - began > 0.45

    batching(tmp_path, use, period=0.5)


def test_a_database_that_does_not_respond_is_not_read(tmp_path: Path) -> None:
    checks: list[str] = []

    async def unreachable() -> None:
        checks.append("asked")
        if len(checks) == 1:
            raise RequestFailed("database cannot be reached")

    async def use(batcher: ReadBatcher) -> None:
        asks: list[Ask] = [batcher.batched(one), batcher.batched(two)]
        found = await asyncio.gather(*(ask() for ask in asks), return_exceptions=True)
        assert [str(error) for error in found] == ["database cannot be reached"] * 2
        assert await asyncio.gather(*(ask() for ask in asks)) == [1, 2]
        assert len(checks) == 2

    batching(tmp_path, use, 1.0, unreachable)


def test_calls_run_one_after_another_and_their_errors_are_theirs() -> None:
    executor, done = DaemonExecutor("test"), list[str]()
    executor.shutdown(0.1)  # nothing runs yet

    def fails() -> None:
        raise ZeroDivisionError

    def slow() -> None:
        time.sleep(0.05)
        done.append("first")

    def quick() -> str:
        done.append("third")
        return "result"

    first, second, third = executor.submit(slow), executor.submit(fails), executor.submit(quick)
    given_up = executor.submit(lambda: done.append("given up"))
    assert given_up.cancel()
    with pytest.raises(ZeroDivisionError):
        second.result(2)
    assert third.result(2) == "result"
    assert first.done()
    executor.shutdown(2.0)
    assert executor._thread is not None
    assert not executor._thread.is_alive()
    assert done == ["first", "third"]
