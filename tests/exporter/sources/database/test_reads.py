"""Reads one after another, and several in one transaction; one that fails or takes too long fails alone."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, text

from exporter.errors import InvalidResponse, RequestFailed, SourceError
from exporter.sources.database.drivers import make_driver
from exporter.sources.database.reader import DatabaseReader, DatabaseTimeout, PendingRead
from exporter.sources.database.tables import TableSizes, count_rows, read_sqlite_tables
from tests.exporter.backend_tables import RESOURCES, USERS, create, insert, run, sqlite_url

T = TypeVar("T")
# counts for minutes unless it is interrupted
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
ENDLESS = text(f"{NUMBERS} SELECT count(*) FROM n")  # noqa: S608  (a constant)


def reading(
    url: str,
    use: Callable[[DatabaseReader], Awaitable[T]],
    seconds: float = 5.0,
    statement: float | None = None,
) -> T:
    """What this reads."""

    async def run() -> T:
        reader = DatabaseReader("test", make_driver(url), seconds, statement)
        try:
            return await use(reader)
        finally:
            await reader.close()

    return asyncio.run(run())


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file with two users."""
    url = create(sqlite_url(tmp_path))
    insert(url, USERS, [{"username": "a"}, {"username": "b"}])
    return url


def users(connection: Connection) -> int:
    """How many users there are."""
    return int(connection.execute(text("SELECT count(*) FROM users")).scalar_one())


def endless(connection: Connection) -> Any:
    """Read without end."""
    return connection.execute(ENDLESS).scalar_one()


def broken(connection: Connection) -> Any:
    """Read what is not there."""
    return connection.execute(text("SELECT nothing FROM users")).all()


def refused(_: Connection) -> Any:
    """Find that a right is missing."""
    raise RequestFailed("database hides this")


def outcomes(
    url: str, *reads: Callable[[Connection], Any], seconds: float = 5.0, statement: float = 5.0
) -> list[Any]:
    """The result or the class of the error of each read of one batch."""

    async def use(reader: DatabaseReader) -> list[Any]:
        loop = asyncio.get_running_loop()
        pending = [PendingRead(read, loop.create_future()) for read in reads]
        await reader.read_batch(pending)
        found = await asyncio.gather(*(one.result for one in pending), return_exceptions=True)
        return [type(one) if isinstance(one, BaseException) else one for one in found]

    return reading(url, use, seconds, statement)


def test_a_read_that_fails_fails_alone(file: str) -> None:
    assert outcomes(file, users, broken, refused, users) == [2, RequestFailed, RequestFailed, 2]


def test_a_statement_that_takes_too_long_is_cut_off_and_the_next_is_read(file: str) -> None:
    began = time.monotonic()
    found = outcomes(file, endless, users, statement=0.1)
    assert found[1] == 2
    assert issubclass(found[0], SourceError)
    assert time.monotonic() - began < 4


def test_a_read_that_takes_too_long_is_interrupted_and_a_second_one_ends_the_batch(file: str) -> None:
    found = outcomes(file, endless, users, endless, users, seconds=0.2)
    assert found == [DatabaseTimeout, 2, DatabaseTimeout, DatabaseTimeout]


def test_without_a_connection_all_reads_fail_at_once(tmp_path: Path) -> None:
    assert outcomes(sqlite_url(tmp_path), users, users) == [RequestFailed, RequestFailed]


def test_a_locked_file_fails_all_reads_with_the_first(file: str, tmp_path: Path) -> None:
    holder = sqlite3.connect(tmp_path / "backend.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    found = outcomes(file, users, users, users, seconds=0.4)
    holder.close()
    assert len({*found}) == 1
    assert issubclass(found[0], SourceError)
    assert time.monotonic() - began < 4


def test_a_read_that_was_given_up_is_not_read(file: str) -> None:
    read: list[str] = []

    async def use(reader: DatabaseReader) -> None:
        loop = asyncio.get_running_loop()
        first = PendingRead(lambda _: read.append("first"), loop.create_future())
        second = PendingRead(lambda _: read.append("second"), loop.create_future())
        first.result.cancel()
        await reader.read_batch([first, second])
        second.succeed("again")  # it has its result
        second.fail(RequestFailed("late"))
        assert await second.result is None

    reading(file, use)
    assert read == ["second"]


def test_what_raises_no_error_of_a_driver_is_one_of_ours(file: str) -> None:
    async def use(reader: DatabaseReader) -> int:
        with pytest.raises(SourceError, match="failed with ZeroDivisionError"):
            await reader.read(lambda _: 1 // 0)
        with pytest.raises(InvalidResponse, match="not ours"):
            await reader.read(raises)
        return await reader.read(users)

    def raises(_: Connection) -> None:
        raise InvalidResponse("not ours")

    assert reading(file, use) == 2


def test_a_reader_that_never_read_is_closed_at_once(file: str) -> None:
    async def use(reader: DatabaseReader) -> None:
        assert reader.transactions.total == 0

    began = time.monotonic()
    reading(file, use)
    assert time.monotonic() - began < 1


def test_tables_of_a_file_are_counted_and_measured(file: str, tmp_path: Path) -> None:
    insert(file, RESOURCES, [{"title": "x" * 5000}] * 4)
    run(file, 'CREATE TABLE "odd "":name" (x)', 'INSERT INTO "odd "":name" VALUES (1)')
    path = tmp_path / "backend.db"
    found: TableSizes = reading(file, lambda it: it.read(lambda c: read_sqlite_tables(c, path, 40)))
    assert (found.rows["users"], found.rows["resources"], found.rows['odd ":name']) == (2, 4, 1)
    assert found.size == path.stat().st_size
    assert found.sizes["resources"] > found.sizes["users"] > 0
    assert sum(found.sizes.values()) <= found.size
    few: TableSizes = reading(file, lambda it: it.read(lambda c: read_sqlite_tables(c, path, 3)))
    assert list(few.rows) == sorted(found.rows)[:3]
    assert few.sizes.keys() == few.rows.keys()
    log = path.with_name("backend.db-wal")
    log.write_bytes(b"x" * 100)
    assert read_size(file, path) == path.stat().st_size + 100


def read_size(url: str, path: Path) -> float | None:
    """The size of the file with its log."""
    found: TableSizes = reading(url, lambda it: it.read(lambda c: read_sqlite_tables(c, path, 0)))
    return found.size


def test_a_table_that_takes_too_long_to_count_has_no_rows(file: str) -> None:
    run(file, f"CREATE VIEW endless AS {NUMBERS} SELECT i FROM n")  # noqa: S608  (as above)

    async def use(reader: DatabaseReader) -> tuple[float | None, float | None]:
        return await reader.read(lambda c: (count_rows(c, "endless"), count_rows(c, "users")))

    assert reading(file, use, statement=0.2) == (None, 2.0)
