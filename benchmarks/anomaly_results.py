"""What each series adds to the scores with other parameters, computed once each, on every processor."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np

from benchmarks.anomaly_sets import LabelledSeries, Scorers, SeriesResult, kpis, nab_series
from exporter.anomaly.detector import BATCH_ROWS, BatchDetector
from exporter.anomaly.parameters import Parameters
from exporter.anomaly.ranges import Floats

Task = tuple[Parameters, str]
# the fields that play no part in BatchDetector.observe: parameters that differ in these alone share it
JUDGEMENT = (
    "threshold",
    "threshold_rise",
    "rise_windows",
    "warmup_rise",
    "cooldown_rows",
    "strong",
    "wild",
    "floor",
    "weekday",
    "mean_weight",
    "season_weight",
    "jump_weight",
    "spread_weight",
    "change_weight",
)


class LabelledSets:
    """All series of a folder, with their scorers."""

    def __init__(self, folder: Path) -> None:
        self._scorers = Scorers(folder)
        self._series: dict[str, LabelledSeries] = {it.name: it for it in (*nab_series(folder), *kpis(folder))}

    def results(self, tasks: Sequence[Task]) -> list[SeriesResult]:
        """What one series adds with each of these parameters, which share what is observed."""
        name = tasks[0][1]
        begin = self._scorers.begin(name)
        _, times, values = self._series[name]
        every = shared_scores([parameters for parameters, _ in tasks], times[begin:], values[begin:])
        return [self._scorers.result(name, score) for score in every]


def shared_scores(every: Sequence[Parameters], times: Floats, values: Floats) -> list[Floats]:
    """The scores of each row with each of these parameters; all values are finite."""
    detectors = [BatchDetector(parameters, 1) for parameters in every]
    scores: list[list[Floats]] = [[] for _ in every]
    for detector in detectors:
        detector.clear(0)
    for begin in range(0, len(values), BATCH_ROWS):
        rows = slice(begin, begin + BATCH_ROWS)
        observed = detectors[0].observe(0, times[rows], values[rows])
        for detector, found in zip(detectors, scores, strict=True):
            found.append(detector.judge(0, observed).score)
    return [np.concatenate(found) for found in scores]


def groups(tasks: Iterable[Task]) -> list[list[Task]]:
    """The tasks whose series and parameters share what is observed."""
    shipped = Parameters()
    same = {field: getattr(shipped, field) for field in JUDGEMENT}
    found: defaultdict[Task, list[Task]] = defaultdict(list)
    for parameters, name in tasks:
        found[replace(parameters, **same), name].append((parameters, name))
    return [*found.values()]


class ResultPool:
    """Processes that compute results; what was computed once is kept."""

    def __init__(self, folder: Path) -> None:
        self.names = [it.name for it in (*nab_series(folder), *kpis(folder))]
        self.known: dict[Task, SeriesResult] = {}
        self._pool = ProcessPoolExecutor(os.cpu_count(), initializer=load_sets, initargs=(folder,))

    def __enter__(self) -> "ResultPool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def results(self, wanted: Iterable[Task]) -> Mapping[Task, SeriesResult]:
        """The results of these tasks, among those known before."""
        together = groups(set(wanted) - self.known.keys())
        for tasks, results in zip(together, self._pool.map(result, together), strict=True):
            self.known.update(zip(tasks, results, strict=True))
        return self.known


_sets: list[LabelledSets] = []  # of a process of the pool


def load_sets(folder: Path) -> None:
    """Read the series once in each process."""
    _sets.append(LabelledSets(folder))


def result(tasks: list[Task]) -> list[SeriesResult]:
    """As LabelledSets.results, in a process of the pool."""
    return _sets[0].results(tasks)
