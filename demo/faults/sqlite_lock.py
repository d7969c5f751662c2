"""Holds an SQLite database locked until its input ends: `python -m demo.faults.sqlite_lock FILE`."""

import sqlite3
import sys


def main() -> None:
    """Lock, say so in one line, and hold on for as long as the parent does."""
    connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    sys.stdout.write("locked\n")
    sys.stdout.flush()
    sys.stdin.read()
    connection.execute("ROLLBACK")


if __name__ == "__main__":
    main()
