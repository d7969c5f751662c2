"""What users of the backend notice: `python -m benchmarks.footprint users`."""

import statistics
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.footprint.backend import quiet_until, running_backend, watcher_if
from benchmarks.footprint.report import Table
from benchmarks.footprint.visitors import Experience, Visitors

HEAD = ("Users", "Pairs", "Without: P50 ms", "P99 ms", "Time-outs", "With: P50 ms", "P99 ms", "Time-outs",
        "Errors", "P99 with / without")  # fmt: skip
WARM = 8.0
START = 30.0


@dataclass(frozen=True)
class Half:
    """One half of a pair: the first seconds after the exporter's start, and the time thereafter."""

    start: Experience
    later: Experience


def tables(chosen: Namespace) -> list[Table]:
    """Alternating pairs of a fresh demo each, the figures of both parts."""
    pairs = [(half(False, chosen), half(True, chosen)) for _ in range(chosen.pairs)]
    rate = f"{chosen.rate:g} requests a second"
    title = (
        f"`GET /resources?limit=1`, {rate}, `{chosen.fault}`, medians of {chosen.pairs} alternating pairs:"
    )
    first = row(f"first {START:g} s after the exporter's start", [(a.start, b.start) for a, b in pairs])
    then = row(f"the {chosen.seconds:g} s thereafter", [(a.later, b.later) for a, b in pairs])
    return [(title, HEAD, [first, then])]


def half(watch: bool, chosen: Namespace) -> Half:
    """A fresh demo under the same load, watched or not."""
    with running_backend(chosen.fault) as backend, Visitors(backend, chosen.rate).at_it() as people:
        time.sleep(WARM)
        began = time.monotonic()
        with watcher_if(backend, watch):
            quiet_until(began + START + chosen.seconds)
        found = people
    seen = found.so_far()
    later = began + START
    return Half(seen.between(began, later), seen.between(later, later + chosen.seconds))


def row(name: str, pairs: Sequence[tuple[Experience, Experience]]) -> tuple[str, ...]:
    """The medians of all pairs; time-outs and errors are sums."""
    without, watched = [it for it, _ in pairs], [it for _, it in pairs]
    ratios = [with_it.quantile(0.99) / bare.quantile(0.99) for bare, with_it in pairs]
    return (
        name, str(len(pairs)), *times(without), *times(watched),
        str(sum(it.failed() for it in watched)), f"{statistics.median(ratios):.2f}",
    )  # fmt: skip


def times(found: Sequence[Experience]) -> tuple[str, str, str]:
    """Median of the medians, median of the 99th percentiles, time-outs of all requests."""
    middle, high = (statistics.median(it.quantile(share) for it in found) for share in (0.5, 0.99))
    lost, all_of_them = sum(it.timed_out() for it in found), sum(len(it.visits) for it in found)
    return f"{middle:.0f}", f"{high:.0f}", f"{lost} of {all_of_them}"
