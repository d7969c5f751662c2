"""A history for Prometheus, written beforehand: one file a day, turned into blocks by promtool."""

import math
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path

from benchmarks.dashboards.series import RISES
from benchmarks.dashboards.synthetic_series import WAVE_SECONDS, Series

DAY = 86_400
Moments = Sequence[int]
Waves = Sequence[tuple[float, float]]
# promtool reads a file anew for each block, so a block of a day is read once
BLOCK = "--max-block-duration=24h"


def write(folder: Path, series: Sequence[Series], moments: Sequence[int]) -> int:
    """Write the history at these Unix times into a folder of Prometheus' data; how many samples that is.

    Days are written beside each other, as many at a time as there are processors.
    """
    ordered = sorted(series, key=lambda it: it.name)
    days = [list(times) for _, times in groupby(moments, key=lambda moment: moment // DAY)]
    each_day = partial(write_day, folder, ordered)
    if len(days) == 1 or len(moments) < DAY // 15:
        return sum(map(each_day, days))
    with ProcessPoolExecutor(os.cpu_count(), get_context("fork")) as pool:
        return sum(pool.map(each_day, days))


def write_day(folder: Path, series: Sequence[Series], moments: Sequence[int]) -> int:
    """Write a day and make a block of it; how many samples it has."""
    file = folder.parent / f"day-{moments[0] // DAY}.txt"
    with file.open("w") as out:
        written = 0
        for text, samples in texts(series, moments):
            out.write(text)
            written += samples
    load(file, folder)
    file.unlink()
    return written


def load(file: Path, folder: Path) -> None:
    """Make blocks of a file. Raises CalledProcessError where promtool refuses it."""
    command = ("promtool", "tsdb", "create-blocks-from", BLOCK, "openmetrics", str(file), str(folder))
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own file


def texts(series: Iterable[Series], moments: Sequence[int]) -> Iterator[tuple[str, int]]:
    """The history in the OpenMetrics format, in which a name without a type may end as it likes."""
    found: dict[int, tuple[Moments, Waves]] = {}
    for name, group in groupby(series, key=lambda it: it.name):
        if not RISES.search(name):
            yield f"# TYPE {name} unknown\n", 0
        for it in group:
            labels = ",".join(f'{key}="{value}"' for key, value in sorted(it.labels.items()))
            if it.period not in found:
                found[it.period] = of_period(moments, it.period)
            lines = samples(it, *found[it.period])
            head = f"{name}{{{labels}}} "
            yield "".join([f"{head}{line}\n" for line in lines]), len(lines)
    yield "# EOF\n", 0


def of_period(moments: Moments, period: int) -> tuple[Moments, Waves]:
    """The times at which there is a sample, with sine and cosine of the waves then."""
    own = [it for it in moments if it % period == 0]
    return own, [(math.sin(it / WAVE_SECONDS), math.cos(it / WAVE_SECONDS)) for it in own]


def samples(it: Series, moments: Moments, waves: Waves) -> list[str]:
    """Its values with their times; the frequent courses without asking for each moment by itself."""
    if it.course == "constant":
        return [f"{it.size:g} {moment}" for moment in moments]
    if it.course == "rising":
        return [f"{it.rising(moment):.15g} {moment}" for moment in moments]
    if it.course == "wave":
        # the sine of a sum, by those of its parts
        middle, near, far = 1.1 * it.size, it.size * math.cos(it.size * 7), it.size * math.sin(it.size * 7)
        pairs = zip(moments, waves, strict=True)
        return [f"{middle + near * sine + far * cosine:.4g} {moment}" for moment, (sine, cosine) in pairs]
    return [f"{it.at(moment):.15g} {moment}" for moment in moments if it.there(moment)]
