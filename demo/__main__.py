"""Starts the demo: `python -m demo`."""

import argparse
import asyncio
import os
import sys

from demo.logs import start_logging
from demo.settings import read_settings, setting_rows
from demo.supervisor.run import supervise


def help_text() -> str:
    """The settings as a table."""
    rows = [f"  {name:24} {default:12} {words}" for name, default, words in setting_rows()]
    return "environment (name, default, meaning):\n" + "\n".join(rows)


def main() -> None:
    """Parse the command line and run until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="A backend to watch: API, Redis, Celery worker, ingestion worker and traffic. "
        "Break it with `python -m demo.fault NAME`, list the faults with `python -m demo.fault list`.",
        epilog=help_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    settings = read_settings()
    start_logging("demo", settings.log_level)
    code = asyncio.run(supervise(settings))
    sys.stdout.flush()
    sys.stderr.flush()
    # The children are gone; tearing down the interpreter would take another second for nothing.
    os._exit(code)


if __name__ == "__main__":
    main()
