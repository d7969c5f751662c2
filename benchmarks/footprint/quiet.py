"""Alerts while nothing happens: `python -m benchmarks.footprint quiet [--busy]`."""

import os
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.footprint.backend import Watcher, running_backend, running_watcher
from benchmarks.footprint.facts import Fired, is_true_alert
from benchmarks.footprint.observations import Observations
from benchmarks.footprint.report import Table
from benchmarks.footprint.visitors import Visitors

HEAD = ("Alert", "Labels", "Severity", "Fired after", "For", "True", "The fact beside it")
SHOWN = (
    "module",
    "subject",
    "reported",
    "observed",
    "collector",
    "queue_name",
    "name",
    "job",
    "queue",
    "model",
)
STEP = 5
FIRING = 'ALERTS{alertstate="firing",severity!="info"}'


def tables(chosen: Namespace) -> list[Table]:
    """Every alert above info, with the fact that makes it true or false."""
    with (
        running_backend(chosen.fault) as backend,
        Visitors(backend, chosen.rate).at_it() as people,
        Observations(backend, people).watched() as truth,
        busy_cores(os.cpu_count() or 1 if chosen.busy else 0),
        running_watcher(backend) as watch,
    ):
        began = time.monotonic()
        time.sleep(chosen.seconds)
        alerts, in_force = fired_alerts(watch, began), backend.in_force()
    found = [(alert, *is_true_alert(alert, truth, in_force)) for alert in alerts]
    false = sum(not true for _, true, _ in found)
    busy = ", a busy loop on every core" if chosen.busy else ""
    title = (
        f"{chosen.seconds / 60:g} quiet minutes from the start of the watch, `{chosen.fault or 'no fault'}`, "
        f"users at {chosen.rate:g} requests a second{busy}: {false} false alerts above info, "
        f"{len(found) - false} true ones:"
    )
    return [(title, HEAD, [row(alert, began, true, fact) for alert, true, fact in found])]


def fired_alerts(watch: Watcher, began: float) -> list[Fired]:
    """Every alert above info that fired since then, in the order of its begin."""
    now, clock = time.monotonic(), time.time()
    data = watch.ask("query_range", query=FIRING, start=clock - (now - began), end=clock, step=STEP)
    found = [
        Fired(it["metric"], *(float(it["values"][place][0]) - clock + now for place in (0, -1)))
        for it in data["result"]
    ]
    return sorted(found, key=lambda alert: alert.begin)


def row(alert: Fired, began: float, true: bool, fact: str) -> tuple[str, ...]:
    """One alert."""
    labels = ", ".join(f"{name} {alert.labels[name]}" for name in SHOWN if name in alert.labels)
    seconds = f"{alert.begin - began:.0f} s", f"{alert.end - alert.begin + STEP:.0f} s"
    return f"`{alert.name}`", labels, alert.labels["severity"], *seconds, "yes" if true else "no", fact


@contextmanager
def busy_cores(number: int) -> Iterator[None]:
    """So many processes that do nothing but turn."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
