"""A made-up month, quiet and with faults: `python -m benchmarks.anomaly_faults`; what is marked, by kind.

Each signal of each of 13 modules is judged as the exporter judges it, a row a minute. A fault counts as found
when a mark begins in it.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from benchmarks.anomaly_month import DAYS, FAULTS, SIGNALS, Fault, Month, inject_fault, month, starts
from benchmarks.report import Row, write
from demo.settings import MODULES
from exporter.anomaly.detector import Detector
from exporter.anomaly.parameters import DAY, Parameters
from exporter.anomaly.ranges import Floats
from exporter.anomaly.tracker import STRONG, UNUSUAL

NAME, COMMAND = "anomaly_faults", "python -m benchmarks.anomaly_faults"
PERIOD = 60.0
LEARNT = 1  # day, before which nothing is judged


class Mark(NamedTuple):
    """When a mark began, and how grave it was."""

    at: float
    grade: int


def main() -> int:
    """Measure, write the tables and show them."""
    argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0] if __doc__ else "").parse_args()
    months = [month(number) for number in range(len(MODULES))]
    sys.stdout.write(write(NAME, COMMAND, [quiet_table(months), fault_table(months)]))
    return 0


def marks(times: Floats, values: Floats) -> list[Mark]:
    """The marks of one series, in order; rows that are no number are not recorded."""
    known = np.isfinite(values)
    score = Detector(Parameters.for_interval(PERIOD)).read(times[known], values[known]).score
    rows = np.flatnonzero(score >= 1)
    return [
        Mark(at, STRONG if far >= Parameters.strong else UNUSUAL)
        for at, far in zip(times[known][rows].tolist(), score[rows].tolist(), strict=True)
    ]


def quiet_table(months: list[Month]) -> tuple[str, Row, list[Row]]:
    """False marks of a signal and week."""
    weeks = (DAYS - LEARNT) / 7 * len(months)
    counts: list[tuple[float, float]] = []
    for signal in SIGNALS:
        grades = [mark.grade for it in months for mark in marks(it.times, it.values[signal])]
        counts.append((len(grades) / weeks, grades.count(STRONG) / weeks))
    counts.append((statistics.mean(every for every, _ in counts), statistics.mean(it for _, it in counts)))
    names = (*SIGNALS, "a signal, on average")
    rows: list[Row] = [
        (name, f"{every:.2f}", f"{strong:.2f}") for name, (every, strong) in zip(names, counts, strict=True)
    ]
    title = f"False marks a signal and week in {DAYS} quiet days of {len(months)} modules:"
    return title, ("Signal", "All", "Strong"), rows


def fault_table(months: list[Month]) -> tuple[str, Row, list[Row]]:
    """How many faults are found, and how soon."""
    rows: list[Row] = []
    for fault in FAULTS:
        tries = [one for number, it in enumerate(months) for one in detections(number, it, fault)]
        soon = [minutes for grade, minutes in tries if grade]
        some, strong = (sum(grade >= least for grade, _ in tries) / len(tries) for least in (UNUSUAL, STRONG))
        median = f"{statistics.median(soon):.0f}" if soon else ""
        rows.append((fault.name, str(len(tries)), f"{some:.0%}", f"{strong:.0%}", median))
    return "Faults put into that month:", ("Fault", "Tries", "Found", "Strong", "Minutes (median)"), rows


def detections(number: int, it: Month, fault: Fault) -> Iterator[tuple[int, float]]:
    """The gravest mark of each fault of this kind, and the minutes until the first."""
    for start in starts(number):
        end = start + fault.minutes
        values = inject_fault(it.values[fault.signal], fault, start)[:end]
        begun = it.times[start]
        inside = [mark for mark in marks(it.times[:end], values) if mark.at >= begun]
        first = (inside[0].at - begun) / 60 if inside else DAY
        yield max((mark.grade for mark in inside), default=0), first


if __name__ == "__main__":
    sys.exit(main())
