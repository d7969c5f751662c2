"""How good the detector is, and how dear: `python -m benchmarks.anomaly FOLDER`.

FOLDER holds two labelled sets with their scorers; `benchmarks/anomaly_sets.py` says which files.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks import anomaly_choices
from benchmarks.anomaly_results import ResultPool
from benchmarks.anomaly_sets import THRESHOLD, kpis, nab_series
from benchmarks.report import write
from exporter.anomaly.detector import BatchDetector, Detector
from exporter.anomaly.parameters import Parameters
from exporter.anomaly.ranges import Floats

NAME, COMMAND = "anomaly", "python -m benchmarks.anomaly"
PROFILES = ("standard", "reward_low_FP_rate", "reward_low_FN_rate")
TALLY = re.compile(r"all: precision (\S+) recall (\S+) F1 (\S+) false/KPI-day (\S+)")
ROUNDS, SERIES = 500, 200
PAIRS = 5  # of random halves
ALONE, EXPORTER = "240 rows of learning", "as the exporter runs it: a day of learning"
ParametersOf = Callable[[Floats], Parameters]
COSTS = (
    "A whole series at once, µs a row",
    "One row alone, µs",
    f"A round of {SERIES} series, one row each, ms",
    "Memory of a series, kB",
)


@dataclass
class Scores:
    """What the scorers say, and what a row cost in microseconds of a processor."""

    nab: dict[str, float] = field(default_factory=dict)
    precision: float = 0.0
    recall: float = 0.0
    f1: float = 0.0
    false_a_day: float = 0.0
    whole: float = 0.0
    single: float = 0.0


def main() -> int:
    """Measure, write the tables and show them."""
    it = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0] if __doc__ else "")
    it.add_argument("folder", type=Path, help="labelled series with their scorers")
    it.add_argument("--pairs", type=int, default=PAIRS, help=f"pairs of random halves ({PAIRS})")
    it.add_argument("--passes", type=int, default=2, help="how often each choice is made anew (2)")
    arguments = it.parse_args()
    folder = arguments.folder
    found = tables(score_series(folder), score_series(folder, exporter_parameters))
    sys.stdout.write(
        write(NAME, COMMAND, [*found, *choice_tables(folder, arguments.pairs, arguments.passes)])
    )
    return 0


def choice_tables(folder: Path, pairs: int, passes: int) -> list[anomaly_choices.Table]:
    """What every choice of the detector earns where it was not made."""
    with ResultPool(folder) as pool:
        halves = anomaly_choices.draw_halves(pool.names, pairs)
        return anomaly_choices.tables(halves, anomaly_choices.CHOICES, pool.results, passes)


def tables(alone: Scores, exporter: Scores) -> list[anomaly_choices.Table]:
    """The marks as tables: of the detector alone, and as the exporter runs it."""
    every = ((ALONE, alone), (EXPORTER, exporter))
    nab = [(name, *(f"{it.nab[profile]:.1f}" for profile in PROFILES)) for name, it in every]
    kpi = [
        (name, *(f"{one:.2f}" for one in (it.f1, it.precision, it.recall, it.false_a_day)))
        for name, it in every
    ]
    kilobytes = BatchDetector(Parameters.for_interval(60), SERIES).bytes / SERIES / 1000
    cost = (
        f"{alone.whole:.1f}",
        f"{alone.single:.0f}",
        f"{milliseconds_per_round():.2f}",
        f"{kilobytes:.0f}",
    )
    return [
        ("Numenta Anomaly Benchmark, 28 series, a score of 1 as threshold:",
         ("Detector", "Standard", "Reward low FP", "Reward low FN"), nab),
        ("Web service KPIs, 6 series, events at the same threshold:",
         ("Detector", "F1", "Precision", "Recall", "False alerts a KPI and day"), kpi),
        ("What it takes of a processor and of memory:", COSTS, [cost]),
    ]  # fmt: skip


def score_series(folder: Path, parameters_of: ParametersOf = lambda _: Parameters()) -> Scores:
    """The marks of the detector on both sets, with the parameters of a series by its times."""
    marks = Scores()
    with tempfile.TemporaryDirectory() as place:
        marks.whole = write_every_score(folder, Path(place), parameters_of)
        nab = ("--data", f"{folder}/nab/data", "--windows", f"{folder}/nab/windows.json")
        lines = script_output(
            folder / "nab_score.py", *nab, "--scores", f"{place}/nab", "--threshold", str(THRESHOLD)
        )
        marks.nab = {profile: float(value) for profile, value in re.findall(r"(\w+)\s+score=(\S+)", lines)}
        tally = TALLY.search(
            script_output(folder / "event_score.py", f"{place}/kpi", "--threshold", str(THRESHOLD))
        )
    if tally is None:
        raise ValueError(f"{folder}/event_score.py printed no line that begins with 'all: precision'")
    marks.precision, marks.recall, marks.f1, marks.false_a_day = map(float, tally.groups())
    marks.single = microseconds_per_row(*next(kpis(folder))[1:])
    return marks


def exporter_parameters(times: Floats) -> Parameters:
    """The parameters of the exporter for rows as far apart as these."""
    return Parameters.for_interval(float(np.median(np.diff(times))))


def write_every_score(folder: Path, place: Path, parameters_of: ParametersOf) -> float:
    """Write the scores of every series, and return the microseconds that a row took."""
    rows, seconds = 0, 0.0
    for name, times, values in (*nab_series(folder), *kpis(folder)):
        began = time.process_time()
        score = Detector(parameters_of(times)).read(times, values).score
        seconds += time.process_time() - began
        rows += len(values)
        write_scores(place / name, score)
    return 1e6 * seconds / rows


def write_scores(path: Path, score: Floats) -> None:
    """Write scores as the scorer of that kind of file wants them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, score)
    else:
        path.write_text("anomaly_score\n" + "".join(f"{it}\n" for it in score.tolist()))


def script_output(script: Path, *arguments: str) -> str:
    """What a scorer prints."""
    command = [sys.executable, str(script), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - the caller's own


def microseconds_per_row(times: Floats, values: Floats) -> float:
    """Microseconds of a row that comes alone, as in a round."""
    detector = Detector()
    detector.read(times[:-ROUNDS], values[:-ROUNDS])
    began = time.process_time()
    for moment, value in zip(times[-ROUNDS:].tolist(), values[-ROUNDS:].tolist(), strict=True):
        detector.read([moment], [value])
    return 1e6 * (time.process_time() - began) / ROUNDS


def milliseconds_per_round() -> float:
    """Milliseconds of a round of many series, one row each."""
    many, places = BatchDetector(Parameters.for_interval(60), SERIES), np.arange(SERIES)
    for place in range(SERIES):
        many.clear(place)
    rows = np.random.default_rng(1).standard_normal((ROUNDS, SERIES))
    began = time.process_time()
    for number, values in enumerate(rows):
        many.round(places, np.full(SERIES, 60.0 * number), values)
    return 1e3 * (time.process_time() - began) / ROUNDS


if __name__ == "__main__":
    sys.exit(main())
