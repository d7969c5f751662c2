"""Memory of the exporter without anomalies: `python -m benchmarks.footprint memory`."""

import time
from argparse import Namespace

from benchmarks.footprint.backend import running_backend, running_watcher
from benchmarks.footprint.burst import burst
from benchmarks.footprint.report import Table
from benchmarks.footprint.visitors import Visitors
from benchmarks.report import Row
from benchmarks.system import resident_mib

HEAD = ("Exporter without anomalies", "RSS MiB")
SETTLE = 60.0


def tables(chosen: Namespace) -> list[Table]:
    """At rest, at the end of a burst, and a while after it."""
    with (
        running_backend(chosen.fault) as backend,
        Visitors(backend, chosen.rate).at_it(),
        running_watcher(backend, anomalies=False) as watch,
    ):
        time.sleep(chosen.seconds)
        rest = resident_mib(watch.exporter.pid)
        began = time.monotonic()
        burst(backend.settings.broker_url, chosen.events)
        took, peak = time.monotonic() - began, resident_mib(watch.exporter.pid)
        time.sleep(min(SETTLE, chosen.seconds))
        after = resident_mib(watch.exporter.pid)
    rows: list[Row] = [
        (f"at rest, after {chosen.seconds:g} s of scrapes", f"{rest:.0f}"),
        (f"at the end of {chosen.events} Celery events within {took:.0f} s", f"{peak:.0f}"),
        (f"{min(SETTLE, chosen.seconds):g} s after them", f"{after:.0f}"),
    ]
    return [(f"`{chosen.fault or 'no fault'}`, scraped by Prometheus as in `make run`:", HEAD, rows)]
