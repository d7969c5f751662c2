"""A history for Prometheus, written beforehand: one file a day, turned into blocks by promtool."""

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from benchmarks.dashboards.series import RISES, Series

DAY = 86_400
# promtool reads a file anew for each block, so a block of a day is read once
BLOCK = "--max-block-duration=24h"


def write(folder: Path, series: Sequence[Series], moments: Sequence[int]) -> int:
    """Write the history at these Unix times into a folder of Prometheus' data; how many samples that is."""
    ordered = sorted(series, key=lambda it: it.name)
    for day, times in groupby(moments, key=lambda moment: moment // DAY):
        file = folder.parent / f"day-{day}.txt"
        with file.open("w") as out:
            out.writelines(lines(ordered, list(times)))
        load(file, folder)
        file.unlink()
    return sum(it.there(moment) for it in series for moment in moments[::100]) * 100


def load(file: Path, folder: Path) -> None:
    """Make blocks of a file. Raises CalledProcessError where promtool refuses it."""
    command = ("promtool", "tsdb", "create-blocks-from", BLOCK, "openmetrics", str(file), str(folder))
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own file


def lines(series: Iterable[Series], moments: Sequence[int]) -> Iterator[str]:
    """The history in the OpenMetrics format, in which a name without a type may end as it likes."""
    for name, group in groupby(series, key=lambda it: it.name):
        yield f"# TYPE {name} unknown\n" if not RISES.search(name) else ""
        for it in group:
            labels = ",".join(f'{key}="{value}"' for key, value in sorted(it.labels.items()))
            head = f"{name}{{{labels}}} "
            form = "g" if it.course == "constant" else ".15g"
            there = (moment for moment in moments if it.there(moment))
            yield from (f"{head}{it.at(moment):{form}} {moment}\n" for moment in there)
    yield "# EOF\n"
