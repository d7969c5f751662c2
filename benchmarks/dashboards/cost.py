"""What each dashboard costs a Prometheus that holds a week, asked as a browser asks it.

A panel is one request, whose queries are answered one after another; six requests are made at a time.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.dashboards import history, series
from benchmarks.dashboards.prometheus_client import (
    AT_ONCE,
    Answer,
    Prometheus,
    Range,
    Request,
    dashboards,
    defaults,
    requests,
    targets,
)
from stack.processes import PROMETHEUS_ENVIRONMENT
from tests.servers.fixtures import started
from tests.servers.prometheus_server import PrometheusServer

__all__ = ["AT_ONCE", "RANGES", "TIMES", "Cost", "a_week", "costs", "refresh", "version"]
WEEK, HOUR, SCRAPE = 7 * 86_400, 3_600, 15
RANGES = {"1 h": HOUR, "7 d": WEEK}
# the best of a few, as when a dashboard is looked at again
TIMES = 5
# refreshes of the overview in a round, over which Prometheus' processor time is counted
REFRESHES = 20
# seconds that requests take together, and their answers
Round = tuple[float, list[Answer]]
NOTHING: dict[str, list[str]] = {"scrape_configs": []}


@dataclass(frozen=True)
class Cost:
    """Seconds of the first screen and of all that is open, and what was wrong.

    `slowest` is the slowest query beside those of other panels, `alone` the slowest of those asked alone.
    """

    board: str
    shown: str
    requests: int
    first_screen: float
    whole: float
    slowest: Answer
    alone: Answer
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
        prometheus = PrometheusServer(folder, NOTHING, "--storage.tsdb.retention.time=30d")
        # as `make run` starts it
        prometheus.env |= PROMETHEUS_ENVIRONMENT
        with started(prometheus) as server:
            yield Prometheus(server.url), float(end - SCRAPE), len(found), samples
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def costs(prometheus: Prometheus, end: float) -> Iterator[Cost]:
    """The cost of every dashboard over every range."""
    for name, board in dashboards().items():
        asked, variables = requests(name, board), defaults(board)
        first = [it for it in asked if it.first]
        for words, seconds in RANGES.items():
            shown = Range(seconds, end)
            seen = min(timed(prometheus, first, shown, variables)[0] for _ in range(TIMES))
            rounds = [timed(prometheus, asked, shown, variables) for _ in range(TIMES)]
            alone = [
                (0.0, [answer for it in asked for answer in prometheus.ask_panel(it, shown, variables)])
                for _ in range(TIMES)
            ]
            yield cost(name, words, (len(first), seen), rounds, slowest(alone))


def timed(prometheus: Prometheus, asked: list[Request], shown: Range, variables: dict[str, str]) -> Round:
    """Seconds that these requests take together, and their answers."""
    began = time.perf_counter()
    answers = prometheus.ask_panels(asked, shown, variables)
    return time.perf_counter() - began, answers


def cost(name: str, shown: str, first: tuple[int, float], rounds: list[Round], alone: Answer) -> Cost:
    """One line of the table."""
    errors = tuple(f"{it.target.name}: {it.error}" for it in best(rounds) if it.error)
    whole = min(seconds for seconds, _ in rounds)
    return Cost(name, shown, *first, whole, slowest(rounds), alone, errors)


def slowest(rounds: list[Round]) -> Answer:
    """The slowest query."""
    return max(best(rounds), key=lambda answer: answer.seconds)


def best(rounds: list[Round]) -> list[Answer]:
    """Each query as it was at its best, since others use the machine as well."""
    found: dict[str, Answer] = {}
    for _, answers in rounds:
        for it in answers:
            found[it.target.name] = min(found.get(it.target.name, it), it, key=lambda each: each.seconds)
    return [*found.values()]


def refresh(prometheus: Prometheus, end: float, name: str = "overview") -> float:
    """Median seconds of Prometheus' processor time that one refresh of a dashboard takes.

    Ask for it before `costs`: as on a wall, no week was drawn a moment ago.
    """
    board = dashboards()[name]
    asked, variables = requests(name, board), defaults(board)
    prometheus.ask_panels(asked, Range(HOUR, end), variables)
    return median(round_of_refreshes(prometheus, end, asked, variables) for _ in range(TIMES))


def round_of_refreshes(
    prometheus: Prometheus, end: float, asked: list[Request], variables: dict[str, str]
) -> float:
    """Seconds of Prometheus' processor time that one of several refreshes takes."""
    before = prometheus.processor_time()
    for _ in range(REFRESHES):
        prometheus.ask_panels(asked, Range(HOUR, end), variables)
    return (prometheus.processor_time() - before) / REFRESHES


def version() -> str:
    """The Prometheus that was asked."""
    said = subprocess.run(["prometheus", "--version"], capture_output=True, text=True, check=True)  # noqa: S607
    return (said.stdout or said.stderr).split("(")[0].strip().replace(", version", "")
