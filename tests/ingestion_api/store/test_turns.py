"""A process that writes one transaction after another to an SQLite file does not starve the others."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from ingestion_api.store import Store
from tests.ingestion_api.processes import ROOT

WRITES = 20
HELD = 0.02  # seconds of each transaction of the one that writes without end
STATEMENT = text("DELETE FROM write_probe")
OTHER = """
import sys
from ingestion_api.store import Store
from sqlalchemy import text
store = Store.at(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    with store.write() as session:
        session.execute(text("DELETE FROM write_probe"))
"""
HOLDER = """
import fcntl, sys
with open(sys.argv[1], "w") as file:
    fcntl.lockf(file, fcntl.LOCK_EX, 2)
    print("ready", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def another(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Another process, once it is ready; it goes on after a line."""
    command = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process


def go_on(process: subprocess.Popen[str]) -> None:
    """Give it its line."""
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def test_others_get_their_turn(migrated_sqlite: Path, tmp_path: Path) -> None:
    """Twenty writes waited for hundreds of others, and gave up after five seconds."""
    file = tmp_path / "own.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    store = Store.at(f"sqlite:///{file}")
    mine = 0
    with another(OTHER, f"sqlite:///{file}", str(WRITES)) as other:
        go_on(other)
        while other.poll() is None:
            with store.write() as session:
                session.execute(STATEMENT)
                time.sleep(HELD)
            mine += 1
        assert other.returncode == 0
    store.close()
    # the other's own work between two writes, on a busy machine, may take as long as some of these
    assert mine < 4 * WRITES


def test_a_turn_that_is_never_given_back_stops_nobody(migrated_sqlite: Path, tmp_path: Path) -> None:
    """As by a process that is stopped: SQLite's own lock is free."""
    file = tmp_path / "own.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    store = Store.at(f"sqlite:///{file}", lock_timeout=0.1)
    with another(HOLDER, f"{file}-turns") as holder:
        with store.write() as session:
            session.execute(STATEMENT)
        go_on(holder)
    store.close()


def test_without_a_file_for_turns_it_writes(migrated_sqlite: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    (tmp_path / "own.db-turns").mkdir()
    store = Store.at(f"sqlite:///{file}")
    with store.write() as session:
        session.execute(STATEMENT)
    store.close()
