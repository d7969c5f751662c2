"""The command of `make rules`: `python -m prometheus [--check]`."""

import argparse
import sys
from pathlib import Path

from prometheus.groups import rule_files
from prometheus.rule_file import file_text, write_files
from prometheus.thresholds import FILE, ThresholdsError, load

RULES = Path(__file__).with_name("rules")


def main() -> int:
    """Write the rules, or with --check only compare them; exit code 1 on drift, 2 on an error."""
    arguments = parser().parse_args()
    try:
        wanted = rule_files(load(arguments.thresholds))
    except ThresholdsError as error:
        sys.stderr.write(f"{error}\nthe rules in force stay as they are\n")
        return 2
    if arguments.check:
        return report_stale(
            [name for name, text in wanted.items() if file_text(arguments.into / name) != text]
        )
    for name in write_files(arguments.into, wanted):
        sys.stdout.write(f"prometheus/rules/{name} written\n")
    return 0


def report_stale(stale: list[str]) -> int:
    """Report the files that differ from what thresholds.yml generates; the exit code."""
    for name in stale:
        sys.stderr.write(f"prometheus/rules/{name} is not what `make rules` writes; run it\n")
    return int(bool(stale))


def parser() -> argparse.ArgumentParser:
    """Parse the command line."""
    it = argparse.ArgumentParser(prog="python -m prometheus", description="Generate the rules of Prometheus.")
    it.add_argument("--thresholds", type=Path, default=FILE, metavar="FILE", help="(default: %(default)s)")
    it.add_argument("--into", type=Path, default=RULES, metavar="FOLDER", help="(default: %(default)s)")
    it.add_argument("--check", action="store_true", help="write nothing; fail where a file would change")
    return it


if __name__ == "__main__":
    sys.exit(main())
