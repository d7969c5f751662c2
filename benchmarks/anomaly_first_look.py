"""How long the first look at many series takes, and how long it stops the event loop."""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import report
from benchmarks.dashboards import history
from exporter.settings import AnomalySettings, LimitSettings
from exporter.sources.prometheus.source import PrometheusSource
from tests.servers.fixtures import started
from tests.servers.prometheus_server import PrometheusServer

COMMAND = "python -m benchmarks.anomaly_first_look"
SERIES, PERIOD, DAYS = 200, 15, 9
TICK = 0.005  # seconds between two looks at whether the event loop still turns
HEAD = (
    "Series",
    "Rows",
    "First look, s",
    "Of it own processor time, s",
    "Longest stop of the event loop, ms",
    "A round, ms",
)
Row = tuple[str, ...]


def main() -> int:
    """Measure and write the table."""
    argparse.ArgumentParser(prog=COMMAND, description=__doc__).parse_args()
    title = f"{SERIES} series, one row in {PERIOD} s, from a real Prometheus; the goal is 20 s and 50 ms:"
    text = report.write("anomaly-first-look", COMMAND, [(title, HEAD, [measured()])])
    sys.stdout.write(text)
    return 0


def measured() -> Row:
    """The row of a Prometheus with that history."""
    with tempfile.TemporaryDirectory(prefix="watchroom-first-look-") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        end = int(time.time()) // PERIOD * PERIOD
        for day in range(DAYS, 0, -1):
            write_day(folder, end - day * history.DAY)
        with started(
            PrometheusServer(folder, {"scrape_configs": []}, "--storage.tsdb.retention.time=30d")
        ) as server:
            return asyncio.run(first_look(server.url, end))


def write_day(folder: Path, begin: int) -> None:
    """A day of every series: a daily wave with noise."""
    draw = np.random.default_rng(begin)
    times = np.arange(begin, begin + history.DAY, PERIOD)
    wave = 10 + 3 * np.sin(2 * np.pi * times / history.DAY)
    file = folder / "day.txt"
    with file.open("w") as out:
        out.write("# TYPE ops:watched unknown\n")
        for number in range(SERIES):
            values = wave + draw.normal(0, 0.5, len(times))
            head = f'ops:watched{{signal="signal_{number}"}}'
            out.writelines(
                f"{head} {value:.4f} {moment}\n" for value, moment in zip(values, times, strict=True)
            )
        out.write("# EOF\n")
    history.load(file, folder / "data")
    file.unlink()


async def first_look(url: str, end: int) -> Row:
    """Poll once from nothing, then once more a period later, while the event loop is watched."""
    moment = [float(end)]
    settings = AnomalySettings(prometheus_url=url, period=PERIOD)
    source = PrometheusSource(settings, LimitSettings(), lambda: moment[0])
    stops: list[float] = []
    watch = asyncio.create_task(longest_stop(stops))
    began, used = time.perf_counter(), os.times()
    await source.signals.refresh()
    took, after = time.perf_counter() - began, os.times()
    stop = max(stops)
    result = source.signals.last_result
    if result is None or len(result.statuses) != SERIES:
        raise RuntimeError(f"the first look ended with {source.signals.error!r}; expected {SERIES} series")
    moment[0] += PERIOD
    began = time.perf_counter()
    await source.signals.refresh()
    again = time.perf_counter() - began
    watch.cancel()
    await source.close()
    own = after.user + after.system - used.user - used.system
    rows = SERIES * DAYS * history.DAY // PERIOD
    return (
        str(SERIES),
        f"{rows:,}",
        f"{took:.1f}",
        f"{own:.1f}",
        f"{1000 * stop:.0f}",
        f"{1000 * again:.0f}",
    )


async def longest_stop(stops: list[float]) -> None:
    """Note by how much each tick is late."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(TICK)
        stops.append(time.perf_counter() - began - TICK)


if __name__ == "__main__":
    sys.exit(main())
