"""What the exporter costs the watched and how often it is fooled: `python -m benchmarks.footprint ROW`."""

import argparse
import sys
from collections.abc import Callable

from benchmarks.footprint import after, memory, quiet, requests, thaw, users
from benchmarks.footprint.backend import AS_SHIPPED
from benchmarks.footprint.report import Table, as_markdown, write

Tables = Callable[[argparse.Namespace], list[Table]]
ROWS: dict[str, Tables] = {
    "users": users.tables,
    "requests": requests.tables,
    "quiet": quiet.tables,
    "memory": memory.tables,
    "thaw": thaw.tables,
    "after": after.tables,
}
# Seconds that each row measures for: of each half, of quiet, of rest, of the freeze, after each fault.
SECONDS = {"users": 120, "requests": 120, "quiet": 1800, "memory": 120, "thaw": 60, "after": 120}
# These are about a backend that is well.
ORDINARY = ("memory", "after")


def main() -> int:
    """Measure one row or, one after the other, all; write the tables and show them."""
    chosen = parser().parse_intermixed_args()
    for row in ROWS if chosen.row == "all" else [chosen.row]:
        sys.stdout.write(measured(row, argparse.Namespace(**vars(chosen))))
    return 0


def measured(row: str, chosen: argparse.Namespace) -> str:
    """The tables of a row, written unless that is not wanted."""
    if chosen.seconds is None:
        chosen.seconds = SECONDS[row]
    if chosen.fault is None:
        chosen.fault = "" if row in ORDINARY else AS_SHIPPED
    found = ROWS[row](chosen)
    if chosen.dry:
        return as_markdown(found)
    busy = ["--busy"] if row == "quiet" and chosen.busy else []
    return write(" ".join([row, *busy, *chosen.faults]), found)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    it = argparse.ArgumentParser(prog="python -m benchmarks.footprint", description=__doc__)
    it.add_argument("row", nargs="?", default="all", choices=[*ROWS, "all"], help="what is measured")
    it.add_argument("faults", nargs="*", help="after: only these faults, by name or as 1/4, 2/4, 3/4, 4/4")
    it.add_argument("--pairs", type=int, default=5, help="pairs of without and with (default: %(default)s)")
    it.add_argument("--seconds", type=float, help="how long each part lasts (default: by the row)")
    it.add_argument("--rate", type=float, default=4.0, help="users' requests a second (default: %(default)s)")
    it.add_argument("--fault", help=f"what the demo starts with (default: {AS_SHIPPED}, or nothing)")
    it.add_argument("--lift", action="append", default=[], help="requests: lift this part of it at once")
    it.add_argument("--busy", action="store_true", help="quiet: with a busy loop on every core")
    it.add_argument("--events", type=int, default=200_000, help="memory: events of the burst")
    it.add_argument("--dry", action="store_true", help="show the tables, leave benchmarks/README.md alone")
    return it


if __name__ == "__main__":
    sys.exit(main())
