"""What the exporter costs the watched and how often it is fooled: `python -m benchmarks.footprint ROW`."""

import argparse
import sys
from collections.abc import Callable

from benchmarks.footprint import after, memory, quiet, requests, thaw, users
from benchmarks.footprint.backend import AS_SHIPPED
from benchmarks.footprint.report import Table, command, write

ROWS: dict[str, Callable[[argparse.Namespace], Table]] = {
    "users": users.table,
    "requests": requests.table,
    "quiet": quiet.table,
    "memory": memory.table,
    "thaw": thaw.table,
    "after": after.table,
}
# Seconds that each row measures for: of each half, of quiet, of rest, of the freeze, after each fault.
SECONDS = {"users": 120, "requests": 120, "quiet": 1800, "memory": 120, "thaw": 60, "after": 120}


def main() -> int:
    """Measure one row, write its table and show it."""
    chosen = parser().parse_args()
    chosen.seconds = SECONDS[chosen.row] if chosen.seconds is None else chosen.seconds
    found = ROWS[chosen.row](chosen)
    name = "quiet-busy" if chosen.row == "quiet" and chosen.busy else chosen.row
    text = write(name, [found]) if not chosen.dry else f"{found[0]}\n{found[1]}\n{found[2]}\n"
    sys.stdout.write(text)
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    it = argparse.ArgumentParser(
        prog="python -m benchmarks.footprint", description=__doc__, epilog=f"The same as `{command('ROW')}`."
    )
    it.add_argument("row", choices=sorted(ROWS), help="what is measured")
    it.add_argument(
        "faults", nargs="*", help="after: only these faults of the demo, by name or as 1/3, 2/3, 3/3"
    )
    it.add_argument("--pairs", type=int, default=5, help="pairs of without and with (default: %(default)s)")
    it.add_argument("--seconds", type=float, help="how long each part lasts (default: by the row)")
    it.add_argument("--rate", type=float, default=4.0, help="users' requests a second (default: %(default)s)")
    it.add_argument("--fault", default=AS_SHIPPED, help="what the demo starts with (default: %(default)s)")
    it.add_argument("--busy", action="store_true", help="quiet: with a busy loop on every core")
    it.add_argument("--dry", action="store_true", help="show the table, leave benchmarks/README.md alone")
    return it


if __name__ == "__main__":
    sys.exit(main())
