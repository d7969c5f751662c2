"""What the exporter asks of the watched servers: `python -m benchmarks.footprint requests`."""

import statistics
import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence

from benchmarks.footprint.backend import USERS_ROUTE, running_backend, watcher_if
from benchmarks.footprint.counts import Rates, rates_between, read_counts
from benchmarks.footprint.report import Table
from benchmarks.footprint.visitors import Visitors

HEAD = ("What", "Without", "With", "Difference")
BY_NAME = ("Name", "Without", "With", "Difference")
WARM = 40.0
MOST = 15
Pairs = Sequence[tuple[Rates, Rates]]


def tables(chosen: Namespace) -> list[Table]:
    """Sums, requests by route, commands by name; medians of the pairs."""
    pairs = [(half(False, chosen), half(True, chosen)) for _ in range(chosen.pairs)]
    load = f"`{chosen.fault or 'no fault'}`, users at {chosen.rate:g} requests a second"
    title = f"{load}, whose own requests are left out; medians of {chosen.pairs} alternating pairs:"
    return [
        (title, HEAD, sums(pairs)),
        ("Requests to the backend a minute by route:", BY_NAME, by_name(pairs, lambda it: it.requests)),
        ("Redis commands a second:", BY_NAME, by_name(pairs, lambda it: it.commands)),
    ]


def half(watch: bool, chosen: Namespace) -> Rates:
    """A fresh demo under the same load, watched or not, counted once the start is over."""
    with running_backend(chosen.fault) as backend:
        for fault in chosen.lift:
            backend.mend(fault)
        with Visitors(backend, chosen.rate).at_it() as people, watcher_if(backend, watch):
            time.sleep(WARM)
            first = read_counts(backend)
            time.sleep(chosen.seconds)
            last = read_counts(backend)
            users = people.so_far().ended_between(first.at, last.at)
    return rates_between(first, last, users, USERS_ROUTE.partition("?")[0])


def sums(pairs: Pairs) -> list[tuple[str, ...]]:
    """A row for each kind of cost."""
    kinds: tuple[tuple[str, Callable[[Rates], float]], ...] = (
        ("requests to the backend a minute", lambda it: sum(it.requests.values())),
        ("processor time of the backend, % of a core", lambda it: it.cpu),
        ("SQL transactions a second", lambda it: it.transactions),
        ("Redis commands a second, one server", lambda it: sum(it.commands.values())),
    )
    return [compared(name, pairs, value) for name, value in kinds]


def by_name(pairs: Pairs, values: Callable[[Rates], Mapping[str, float]]) -> list[tuple[str, ...]]:
    """A row for each name, those with the greatest difference first."""
    names = {name for pair in pairs for it in pair for name in values(it)}
    found = [compared(f"`{name}`", pairs, of_name(values, name)) for name in names]
    return sorted(found, key=lambda row: (-float(row[3]), row[0]))[:MOST]


def of_name(values: Callable[[Rates], Mapping[str, float]], name: str) -> Callable[[Rates], float]:
    """One of the named values, 0 where there is none."""
    return lambda it: values(it).get(name, 0.0)


def compared(name: str, pairs: Pairs, value: Callable[[Rates], float]) -> tuple[str, ...]:
    """Medians without and with, and the median of the differences."""
    without = statistics.median(value(bare) for bare, _ in pairs)
    watched = statistics.median(value(it) for _, it in pairs)
    more = statistics.median(value(it) - value(bare) for bare, it in pairs)
    return name, f"{without:.1f}", f"{watched:.1f}", f"{more:.1f}"
