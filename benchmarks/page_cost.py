"""What the whole page costs beside that of an earlier commit: `python -m benchmarks.page_cost BEFORE`.

BEFORE is a folder with the earlier commit (`git worktree add`). Both exporters watch the same servers at the
same time, with one set of sources after another, and are scraped in turns.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import report
from benchmarks.scraping import Scrape, Scraper
from benchmarks.system import ROOT, addresses, demo_in, is_ready
from tests.servers.fixtures import postgres_folder, started
from tests.servers.ports import free_port
from tests.servers.postgres_server import PostgresServer
from tests.servers.processes import Server
from tests.servers.redis_server import RedisServer

DATABASE, CACHE, BROKER = "DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"
WATCHED: Mapping[str, tuple[str, ...] | None] = {
    "PostgreSQL": (DATABASE,),
    "Redis": (CACHE,),
    "PostgreSQL, Redis": (DATABASE, CACHE),
    "PostgreSQL, Redis, Celery": (DATABASE, CACHE, BROKER),
    "everything": None,
}
HEAD = ("Watched", "Bytes", "", "In gzip", "", "Series", "", "CPU ms a scrape", "", "CPU ms a minute", "")
INTERVAL, REST = 15.0, 20.0
TURNS, BURST = 6, 40


@dataclass
class Side:
    """One of the two exporters."""

    server: Server
    scraper: Scraper
    bursts: list[float] = field(default_factory=list)  # CPU seconds of a scrape
    minutes: list[float] = field(default_factory=list)  # CPU seconds of a minute, scraped as by default

    def cpu(self) -> float:
        """CPU seconds, of user and system, of all threads until now."""
        files = Path(f"/proc/{self.server.pid}/task").glob("*/schedstat")
        return sum(int(it.read_text().split()[0]) for it in files) / 1e9

    def burst(self) -> None:
        """Scrape as fast as it goes."""
        before = self.cpu()
        with self.scraper.connected() as connection:
            for _ in range(BURST):
                self.scraper.scrape(connection)
        self.bursts.append((self.cpu() - before) / BURST)


@contextmanager
def exporter(tree: Path, folder: Path, environment: Mapping[str, str]) -> Iterator[Side]:
    """The exporter of this tree."""
    url = f"http://127.0.0.1:{free_port()}"
    own = {**environment, "EXPORTER_PORT": url.rpartition(":")[2], "PYTHONPATH": str(tree)}
    command = [sys.executable, "-m", "exporter"]
    server = Server(
        command, folder / f"{tree.name}.log", ready=lambda: is_ready(f"{url}/-/ready"), env=own, cwd=tree
    )
    with started(server):
        yield Side(server, Scraper(url))


def measure(sides: tuple[Side, Side], minutes: int) -> tuple[Scrape, Scrape]:
    """Scrape both in turns; their last pages."""
    for side in sides:
        side.scraper.once()
    time.sleep(REST)  # every source has been polled
    for turn in range(TURNS):
        for side in sides[:: 1 if turn % 2 else -1]:
            side.burst()
    for _ in range(minutes):
        before = [side.cpu() for side in sides]
        for _ in range(int(60 / INTERVAL)):
            time.sleep(INTERVAL)
            for side in sides:
                side.scraper.once()
        for side, cpu in zip(sides, before, strict=True):
            side.minutes.append(side.cpu() - cpu)
    return sides[0].scraper.once(), sides[1].scraper.once()


def row(name: str, sides: tuple[Side, Side], pages: tuple[Scrape, Scrape]) -> report.Row:
    """Before, after, and by how much it is more."""
    cells = (
        tuple(float(len(page.text)) for page in pages),
        tuple(float(page.wire) for page in pages),
        tuple(float(len(page.series())) for page in pages),
        tuple(1000 * statistics.median(side.bursts) for side in sides),
        tuple(1000 * statistics.fmean(side.minutes) for side in sides),
    )
    told = []
    for place, (before, after) in enumerate(cells):
        form = ".1f" if place == 3 else ".0f"
        told += [f"{before:{form}} → {after:{form}}", f"{100 * (after / before - 1):+.0f} %"]
    return (name, *told)


def main() -> int:
    """Measure, write the table and show it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_cost", description=__doc__)
    parser.add_argument("before", type=Path, help="folder with the earlier commit")
    parser.add_argument("--minutes", type=int, default=1, help="minutes of usual scrapes (1)")
    arguments = parser.parse_args()
    trees = (arguments.before.resolve(), ROOT)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="watchroom-bench-")))
        redis = stack.enter_context(started(RedisServer(folder)))
        postgres = stack.enter_context(started(PostgresServer(stack.enter_context(postgres_folder()))))
        environment = addresses(redis, postgres, folder)
        stack.enter_context(started(demo_in(folder, environment)))
        rows = []
        for name, wanted in WATCHED.items():
            own = {key: value for key, value in environment.items() if wanted is None or key in wanted}
            with exporter(trees[0], folder, own) as before, exporter(trees[1], folder, own) as after:
                rows.append(row(name, (before, after), measure((before, after), arguments.minutes)))
    title = "The whole page before issue 16 and now, both exporters at the same time on the same servers:"
    sys.stdout.write(
        report.write("page_cost", "python -m benchmarks.page_cost BEFORE", [(title, HEAD, rows)])
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
