"""The command behind `make dashboards`: `python -m grafana [--check | --watch]`."""

import argparse
import sys

from grafana.dashboards import boards
from grafana.watch import watch
from grafana.write import find_stale, write


def main() -> int:
    """Write the dashboards; with --check only say whether they are current, 1 on drift."""
    arguments = parser().parse_args()
    if arguments.check:
        return report(sorted(find_stale(boards())))
    if arguments.watch:
        watch()
        return 0
    for name in write(boards()):
        sys.stdout.write(f"grafana/generated/{name} written\n")
    return 0


def report(names: list[str]) -> int:
    """Say which files are not what the code makes of them."""
    for name in names:
        sys.stderr.write(f"grafana/generated/{name} is not what `make dashboards` writes; run it\n")
    return int(bool(names))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    it = argparse.ArgumentParser(prog="python -m grafana", description="Generate the dashboards of Grafana.")
    what = it.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing; fail where a file would change")
    what.add_argument("--watch", action="store_true", help="write again whenever the code is saved")
    return it


if __name__ == "__main__":
    sys.exit(main())
