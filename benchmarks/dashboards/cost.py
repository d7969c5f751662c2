"""What each dashboard costs a Prometheus that holds a week: all its queries, fired as Grafana fires them."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dashboards import history, series
from benchmarks.dashboards.asking import AT_ONCE, Answer, Prometheus, Range, dashboards, defaults, targets
from tests.servers.fixtures import started
from tests.servers.prometheus_server import PrometheusServer

__all__ = ["AT_ONCE", "RANGES", "TIMES", "Cost", "a_week", "costs", "version"]
WEEK = 7 * 86_400
HOUR = 3_600
SCRAPE = 15
RANGES = {"1 h": HOUR, "24 h": 86_400, "7 d": WEEK}
# the best of a few, as when a dashboard is looked at again; the first is told for itself
TIMES = 3
NOTHING: dict[str, list[str]] = {"scrape_configs": []}


@dataclass(frozen=True)
class Cost:
    """Seconds that all queries of a dashboard take together, its slowest query, and what was wrong."""

    board: str
    shown: str
    queries: int
    first: float
    best: float
    slowest: Answer
    empty: tuple[str, ...]
    errors: tuple[str, ...]


@contextmanager
def a_week() -> Iterator[tuple[Prometheus, float, int, int]]:
    """A Prometheus with a week of every series that dashboards read: it, the end, series, samples."""
    folder = Path(tempfile.mkdtemp(prefix="watchroom-week-"))
    try:
        end = int(time.time()) // SCRAPE * SCRAPE
        exprs = [it.expr for name, board in dashboards().items() for it in targets(name, board)]
        found = series.read(exprs)
        (folder / "data").mkdir()
        # a rate at the very beginning of the week looks back a little further
        samples = history.write(folder / "data", found, range(end - WEEK - 2 * HOUR, end, SCRAPE))
        with started(PrometheusServer(folder, NOTHING, "--storage.tsdb.retention.time=30d")) as server:
            yield Prometheus(server.url), float(end - SCRAPE), len(found), samples
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def costs(prometheus: Prometheus, end: float) -> Iterator[Cost]:
    """The cost of every dashboard over every range."""
    for name, board in dashboards().items():
        asked, variables = list(targets(name, board)), defaults(board)
        for words, seconds in RANGES.items():
            rounds = []
            for _ in range(TIMES):
                began = time.perf_counter()
                answers = prometheus.ask_all(asked, Range(seconds, end), variables)
                rounds.append(time.perf_counter() - began)
            yield cost(name, words, rounds, answers)


def cost(name: str, shown: str, rounds: list[float], answers: list[Answer]) -> Cost:
    """One line of the table."""
    return Cost(
        name,
        shown,
        len(answers),
        rounds[0],
        min(rounds),
        max(answers, key=lambda answer: answer.seconds),
        tuple(it.target.name for it in answers if not it.series and not it.error),
        tuple(f"{it.target.name}: {it.error}" for it in answers if it.error),
    )


def version() -> str:
    """The Prometheus that was asked."""
    said = subprocess.run(["prometheus", "--version"], capture_output=True, text=True, check=True)  # noqa: S607
    return (said.stdout or said.stderr).split("(")[0].strip().replace(", version", "")


def main() -> None:
    """Print the table as it grows."""
    with a_week() as (prometheus, end, number, samples):
        sys.stdout.write(f"{number} series, {samples:,} samples, {version()}\n")
        for it in costs(prometheus, end):
            sys.stdout.write(
                f"{it.board:16} {it.shown:5} {it.queries:3} queries  first {it.first * 1000:6.0f} ms  "
                f"best {it.best * 1000:6.0f} ms  slowest {it.slowest.target.name} "
                f"{it.slowest.seconds * 1000:.0f} ms\n"
            )
            sys.stdout.writelines(f"    empty: {name}\n" for name in it.empty)
            sys.stdout.writelines(f"    wrong: {name}\n" for name in it.errors)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
