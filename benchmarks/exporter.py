"""How long scrapes take on a whole real system: `make bench`."""

import argparse
import sys

from benchmarks import measures, report
from benchmarks.system import running_system

FULL = (
    "Scrapers", "Scrapes", "P50 ms", "P99 ms", "Own CPU ms", "Series", "Text", "Wire", "RSS MiB",
    "The slowest waited for",
)  # fmt: skip
CHEAP = ("Part, at four scrapes a second", "Scrapes", "P50 ms", "P99 ms")
FROZEN = (
    "Frozen", "Longest answer", "Its `up`", "Seen after", "Collectors that fail then", "Series gone then",
    "Whole again after",
)  # fmt: skip


def main() -> int:
    """Measure, write the tables and show them."""
    with running_system() as system:
        measures.warm_up(system)
        full = [
            measures.full_scrapes(system, scrapers, seconds, apart)
            for scrapers, seconds, apart in (
                (1, 54.0, measures.SELDOM),
                (1, 12.0, measures.OFTEN),
                (4, 12.0, measures.OFTEN),
            )
        ]
        cheap = list(measures.cheap_scrapes(system, 8.0))
        frozen = list(measures.frozen_sources(system))
    text = report.write(
        "exporter",
        "make bench",
        (
            (
                "Whole scrapes; at 3.6 s each asks every source anew, at 0.6 s they are asked beside it:",
                FULL,
                full,
            ),
            ("Cheap parts, all scraped at the same time:", CHEAP, cheap),
            ("One source frozen (SIGSTOP):", FROZEN, frozen),
        ),
    )
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m benchmarks.exporter", description=__doc__).parse_args()
    sys.exit(main())
