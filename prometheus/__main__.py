"""The command of `make rules`: `python -m prometheus [--check]`."""

import argparse
import sys
from pathlib import Path

from prometheus.config_file import ConfigFileError
from prometheus.groups import rule_files
from prometheus.peer_jobs import CONFIGURATION, load_jobs, with_jobs
from prometheus.peer_jobs import FILE as JOBS
from prometheus.promtool import refusal
from prometheus.rule_file import file_text, write_files
from prometheus.thresholds import FILE, ThresholdsError, load

RULES = Path(__file__).with_name("rules")


def main() -> int:
    """Write the rules, or with --check only compare them; exit code 1 on drift, 2 on an error."""
    arguments = parser().parse_args()
    try:
        jobs = load_jobs(arguments.jobs)
        wanted = rule_files(load(arguments.thresholds), jobs)
        text = arguments.configuration.read_text()
        scraping = with_jobs(text, jobs)
    except (ThresholdsError, ConfigFileError) as error:
        sys.stderr.write(f"{error}\nthe rules in force stay as they are\n")
        return 2
    if arguments.check:
        stale = [
            f"rules/{name}" for name, rules in wanted.items() if file_text(arguments.into / name) != rules
        ]
        return report_stale([*stale, *(["prometheus.yml"] if scraping != text else [])])
    if mistake := refusal(wanted):
        sys.stderr.write(f"{mistake}\nthe rules in force stay as they are\n")
        return 2
    changed = [f"rules/{name}" for name in write_files(arguments.into, wanted)]
    if scraping != text:
        arguments.configuration.write_text(scraping)
        changed.append("prometheus.yml")
    sys.stdout.writelines(f"prometheus/{name} written\n" for name in changed)
    if changed:
        sys.stdout.write("a running Prometheus takes them after a reload: POST /-/reload\n")
    return 0


def report_stale(stale: list[str]) -> int:
    """Report the files that differ from what thresholds.yml and jobs.yml generate; the exit code."""
    for name in stale:
        sys.stderr.write(f"prometheus/{name} is not what `make rules` writes; run it\n")
    return int(bool(stale))


def parser() -> argparse.ArgumentParser:
    """Parse the command line."""
    it = argparse.ArgumentParser(prog="python -m prometheus", description="Generate the rules of Prometheus.")
    it.add_argument("--thresholds", type=Path, default=FILE, metavar="FILE", help="(default: %(default)s)")
    it.add_argument("--jobs", type=Path, default=JOBS, metavar="FILE", help="(default: %(default)s)")
    it.add_argument(
        "--configuration",
        type=Path,
        default=CONFIGURATION,
        metavar="FILE",
        help="the file that has these jobs (default: %(default)s)",
    )
    it.add_argument("--into", type=Path, default=RULES, metavar="FOLDER", help="(default: %(default)s)")
    it.add_argument("--check", action="store_true", help="write nothing; fail where a file would change")
    return it


if __name__ == "__main__":
    sys.exit(main())
