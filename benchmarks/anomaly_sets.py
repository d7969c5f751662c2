"""Two labelled sets and their scorers, in a folder that is no part of the project.

`nab/data/*/*.csv` (columns timestamp and value) with `nab/windows.json` and `nab_score.py`: the Numenta
Anomaly Benchmark. `kpi/*.npz` (arrays timestamp, value, label, and train_rows, before which no row counts)
with `event_score.py`: web service KPIs.
"""

import csv
import importlib.util
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from exporter.anomaly.ranges import Floats

THRESHOLD = 1.0  # as shipped: a score of 1 begins an alert
COOLDOWN = 24  # rows in which the scorer of events counts one alert
HISTORY = 30_000  # rows before the first one that counts: more than the detector remembers
NAB, KPI = "nab", "kpi"


class LabelledSeries(NamedTuple):
    """Set and name of a series, its times in Unix seconds, and its values."""

    name: str
    times: Floats
    values: Floats


class SeriesResult(NamedTuple):
    """What a series adds to the score of its set: points of windows, or segments hit and false alerts."""

    gained: float
    wanted: float
    false: float


def nab_series(folder: Path) -> Iterator[LabelledSeries]:
    """The series of the one set."""
    data = folder / NAB / "data"
    for path in sorted(data.glob("*/*.csv")):
        with path.open(newline="") as lines:
            rows = [row for row in csv.reader(lines) if row][1:]
        times = [datetime.fromisoformat(row[0]).replace(tzinfo=UTC).timestamp() for row in rows]
        values = np.array([float(row[1]) for row in rows])
        yield LabelledSeries(f"{NAB}/{path.relative_to(data)}", np.array(times), values)


def kpis(folder: Path) -> Iterator[LabelledSeries]:
    """The series of the other."""
    for path in sorted((folder / KPI).glob("*.npz")):
        with np.load(path) as held:
            times, values = held["timestamp"].astype(float), held["value"].astype(float)
        yield LabelledSeries(f"{KPI}/{path.stem}.npy", times, values)


class Scorers:
    """The scorers of both sets, for one series at a time; they are loaded from the folder."""

    def __init__(self, folder: Path) -> None:
        self._nab, self._events = load(folder / "nab_score.py"), load(folder / "event_score.py")
        self._windows = self._nab.load_corpus(f"{folder}/nab/data", f"{folder}/nab/windows.json")
        self._labels: dict[str, Floats] = {}
        self._first: dict[str, int] = {}
        for path in sorted((folder / KPI).glob("*.npz")):
            with np.load(path) as held:
                name = f"{KPI}/{path.stem}.npy"
                self._labels[name], self._first[name] = held["label"].astype(int), int(held["train_rows"])

    def begin(self, name: str) -> int:
        """The row from which a series must be read."""
        return max(self._first.get(name, 0) - HISTORY, 0)

    def result(self, name: str, score: Floats) -> SeriesResult:
        """What the scores of the rows from `begin` on add to the score of the set."""
        if name in self._labels:
            first = self._first[name]
            labels, scores = self._labels[name][first:], score[first - self.begin(name) :]
            return SeriesResult(*self._events.events(scores, labels, THRESHOLD, COOLDOWN))
        path = name.removeprefix(f"{NAB}/")
        raw, windows, _, false = self._nab.detail(self._windows, {path: score}, THRESHOLD, only=[path])[path]
        return SeriesResult(float(raw), windows, false)


def load(script: Path) -> ModuleType:
    """A script as a module. Raises FileNotFoundError."""
    spec = importlib.util.spec_from_file_location(script.stem, script)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{script} is no Python script; expected the scorer of a labelled set")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
