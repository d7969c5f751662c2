"""How good the detector is, and how dear: `python -m benchmarks.anomaly FOLDER`.

FOLDER holds two sets, each with its scorer: `nab_score.py` with `nab/data/*/*.csv` (the Numenta Anomaly
Benchmark, columns timestamp and value) and `event_score.py` with `kpi/*.npz` (arrays timestamp and value).
"""

import argparse
import csv
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.report import Row, write
from exporter.anomaly.detector import BatchDetector, Detector
from exporter.anomaly.parameters import Parameters
from exporter.anomaly.ranges import Floats

NAME, COMMAND = "anomaly", "python -m benchmarks.anomaly"
THRESHOLD = "1"  # as shipped: a score of 1 begins an alert
PROFILES = ("standard", "reward_low_FP_rate", "reward_low_FN_rate")
TALLY = re.compile(r"all: precision (\S+) recall (\S+) F1 (\S+) false/KPI-day (\S+)")
ROUNDS, SERIES = 500, 200
POINTS = re.compile(r"^ +(\S+) +raw +(\S+) +windows (\d+)", re.MULTILINE)
EVENTS = re.compile(r"^(\w+): (\d+)/(\d+) segments, (\d+) false", re.MULTILINE)
# among what numbers of the detector were chosen, and how often that is tried on a half of the series
CHOICES = tuple(
    Parameters(threshold=bar, clip=clip, change_weight=weight)
    for bar in (0.2, 0.25, 0.3)
    for clip in (0.2, 0.3)
    for weight in (0.0, 1.5)
)
HALVES = 40
COSTS = (
    "A whole series at once, µs a row",
    "One row alone, µs",
    f"A round of {SERIES} series, one row each, ms",
    "Memory of a series, kB",
)
Table = dict[str, tuple[float, ...]]


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
    folder = it.parse_args().folder
    marks = score_series(folder)
    sys.stdout.write(write(NAME, COMMAND, [*tables(marks), halves(folder)]))
    return 0


def tables(marks: Scores) -> list[tuple[str, Row, list[Row]]]:
    """The marks as tables."""
    nab: Row = tuple(f"{marks.nab[profile]:.1f}" for profile in PROFILES)
    kpi = (marks.f1, marks.precision, marks.recall, marks.false_a_day)
    kilobytes = BatchDetector(Parameters.for_interval(60), SERIES).bytes / SERIES / 1000
    cost = (
        f"{marks.whole:.1f}",
        f"{marks.single:.0f}",
        f"{milliseconds_per_round():.2f}",
        f"{kilobytes:.0f}",
    )
    return [
        ("Numenta Anomaly Benchmark, 28 series, a score of 1 as threshold:",
         ("Standard", "Reward low FP", "Reward low FN"), [nab]),
        ("Web service KPIs, 6 series, events at the same threshold:",
         ("F1", "Precision", "Recall", "False alerts a KPI and day"), [tuple(f"{it:.2f}" for it in kpi)]),
        ("What it takes of a processor and of memory:", COSTS, [cost]),
    ]  # fmt: skip


def score_series(folder: Path) -> Scores:
    """The marks of the detector on both sets."""
    marks = Scores()
    with tempfile.TemporaryDirectory() as place:
        marks.whole = nab_score(folder, Path(place))
        nab = ("--data", f"{folder}/nab/data", "--windows", f"{folder}/nab/windows.json")
        lines = script_output(
            folder / "nab_score.py", *nab, "--scores", f"{place}/nab", "--threshold", THRESHOLD
        )
        marks.nab = {profile: float(value) for profile, value in re.findall(r"(\w+)\s+score=(\S+)", lines)}
        tally = TALLY.search(
            script_output(folder / "event_score.py", f"{place}/kpi", "--threshold", THRESHOLD)
        )
    if tally is None:
        raise ValueError(f"{folder}/event_score.py printed no line that begins with 'all: precision'")
    marks.precision, marks.recall, marks.f1, marks.false_a_day = map(float, tally.groups())
    marks.single = microseconds_per_row(*next(kpis(folder))[1:])
    return marks


def nab_score(folder: Path, place: Path, parameters: Parameters | None = None) -> float:
    """Write the scores of every series, and return the microseconds that a row took."""
    rows, seconds = 0, 0.0
    for name, times, values in (*nab_series(folder), *kpis(folder)):
        began = time.process_time()
        score = Detector(parameters).read(times, values).score
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


def halves(folder: Path) -> tuple[str, Row, list[Row]]:
    """What the best choice of one half of the series earns on the other."""
    results = [result(folder, choice) for choice in CHOICES]
    draw = random.Random(1)  # noqa: S311 - nothing secret
    names = [sorted(table) for table in results[0]]
    earned = []
    for _ in range(HALVES):
        chosen = [set(draw.sample(of, len(of) // 2)) for of in names]
        others = [set(of) - half for of, half in zip(names, chosen, strict=True)]
        best = max(results, key=lambda it: sum(earnings(it, chosen)))
        earned.append(earnings(best, others))
    row = tuple(f"{statistics.mean(of):.2f} ± {statistics.stdev(of):.2f}" for of in zip(*earned, strict=True))
    title = f"The best of {len(CHOICES)} on a random half of the series, scored on the other, {HALVES} times:"
    return title, ("Standard score of the first set, of 1", "F1 of the second"), [row]


def result(folder: Path, parameters: Parameters) -> tuple[Table, Table]:
    """By series: points and windows of the one set; segments hit, segments and false alerts of the other."""
    with tempfile.TemporaryDirectory() as place:
        nab_score(folder, Path(place), parameters)
        nab = ("--data", f"{folder}/nab/data", "--windows", f"{folder}/nab/windows.json", "--per-file")
        points = script_output(
            folder / "nab_score.py", *nab, "--scores", f"{place}/nab", "--threshold", THRESHOLD
        )
        events = script_output(folder / "event_score.py", f"{place}/kpi", "--threshold", THRESHOLD)
    return table_of(POINTS, points), table_of(EVENTS, events)


def table_of(pattern: re.Pattern[str], text: str) -> Table:
    """The numbers of each series that a scorer prints."""
    return {name: tuple(map(float, numbers)) for name, *numbers in pattern.findall(text)}


def earnings(result: tuple[Table, Table], names: list[set[str]]) -> tuple[float, float]:
    """What these series earn: the standard score of the one set as a share, and the F1 of the other."""
    points, events = ([table[name] for name in of] for table, of in zip(result, names, strict=True))
    raw, windows = (sum(column) for column in zip(*points, strict=True))
    hit, segments, false = (sum(column) for column in zip(*events, strict=True))
    return (raw + windows) / (2 * windows), 2 * hit / (hit + false + segments)


def nab_series(folder: Path) -> Iterator[tuple[str, Floats, Floats]]:
    """Name, times and values of each series of the one set."""
    data = folder / "nab" / "data"
    for path in sorted(data.glob("*/*.csv")):
        with path.open(newline="") as lines:
            rows = [row for row in csv.reader(lines) if row][1:]
        times = [datetime.fromisoformat(row[0]).replace(tzinfo=UTC).timestamp() for row in rows]
        yield f"nab/{path.relative_to(data)}", np.array(times), np.array([float(row[1]) for row in rows])


def kpis(folder: Path) -> Iterator[tuple[str, Floats, Floats]]:
    """Name, times and values of each series of the other."""
    for path in sorted((folder / "kpi").glob("*.npz")):
        with np.load(path) as held:
            yield f"kpi/{path.stem}.npy", held["timestamp"].astype(float), held["value"].astype(float)


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
