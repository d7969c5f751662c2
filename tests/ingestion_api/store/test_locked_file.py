"""A write waits a few seconds for an SQLite file that another process has locked, however many wait."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from ingestion_api.errors import Unavailable
from ingestion_api.store import Store
from ingestion_api.store.store import MIN_LOCK_TIMEOUT

PATIENCE = 0.5


@pytest.fixture
def locked(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Path]:
    """A database to which somebody else writes without end."""
    file = tmp_path / "own.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield file


def write(store: Store) -> str:
    """What becomes of one write."""
    try:
        with store.write() as session:
            session.execute(text("DELETE FROM write_probe"))
    except (OperationalError, Unavailable) as error:
        return type(error).__name__
    return "written"


def test_writers_do_not_wait_for_each_others_patience(locked: Path) -> None:
    """Five at once, each of which may wait for half a second: in turn they would take five times as long."""
    store = Store.at(f"sqlite:///{locked}", PATIENCE)
    began = time.monotonic()
    with ThreadPoolExecutor(5) as threads:
        ends = sorted(threads.map(write, [store] * 5))
    assert time.monotonic() - began < 2 * (MIN_LOCK_TIMEOUT + PATIENCE)
    assert ends == ["OperationalError", *["Unavailable"] * 4]
    store.close()


def test_readers_do_not_wait(locked: Path) -> None:
    store = Store.at(f"sqlite:///{locked}", PATIENCE)
    began = time.monotonic()
    with store.read() as session:
        assert session.execute(text("SELECT count(*) FROM jobs")).scalar_one() == 0
    assert time.monotonic() - began < PATIENCE
    store.close()
