"""Find anomalies in a series: `python -m exporter.anomaly < series.csv`, with columns timestamp and value.

Each row comes back with the band in which it was expected, its score, and direction and grade of its anomaly.
"""

import argparse
import csv
import math
import sys
from collections.abc import Iterable, Iterator
from typing import TextIO

from exporter.anomaly.detector import Detector
from exporter.anomaly.parameters import DAY, Parameters
from exporter.anomaly.scoring import DetectorScores
from exporter.sources.json_object import unix_seconds

COLUMNS = ("timestamp", "value", "lower", "upper", "anomaly_score", "direction", "grade")
EXPECTED = "expected two columns, a time (Unix seconds or ISO 8601) and a number"


def main() -> int:
    """Read rows and write them with what was found; returns 2 for an invalid row."""
    options = command_line()
    parameters = Parameters.for_interval(options.period, options.learn) if options.period else Parameters()
    lines = list(csv.reader(sys.stdin))[1:]
    try:
        rows = [parse_row(number, line) for number, line in enumerate(lines, 2) if line]
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    found = Detector(parameters).read([time for time, _ in rows], [value for _, value in rows])
    write_scores(sys.stdout, [line for line in lines if line], found)
    return 0


def command_line() -> argparse.Namespace:
    """The options; a row without them is judged after 240 rows."""
    it = argparse.ArgumentParser(
        prog="python -m exporter.anomaly",
        description="Reads CSV from standard input: a heading, then a time (Unix seconds or ISO 8601) "
        "and a number a row. Writes it with what is unusual.",
        epilog="Columns added: lower and upper end of the expected band (none while learning), anomaly_score "
        "(1 begins an anomaly, 2 a strong one), and of the anomaly under way direction (1 up, -1 down) and "
        "grade (1 weak, 2 strong).",
    )
    it.add_argument(
        "--period", type=float, metavar="SECONDS", help="judge as the exporter does with anomalies.period"
    )
    it.add_argument(
        "--learn", type=float, metavar="SECONDS", default=DAY, help="beside --period: anomalies.learn"
    )
    options = it.parse_args()
    for name in ("period", "learn"):
        value = getattr(options, name)
        if value is not None and not 0 < value < math.inf:
            it.error(f"--{name} is {value:g}; expected more than 0 seconds")
    return options


def parse_row(number: int, line: list[str]) -> tuple[float, float]:
    """Time and value of a line; a missing value is NaN. Raises ValueError."""
    try:
        time = parse_time(line[0])
        return time, float(line[1] or "nan")
    except (ValueError, IndexError):
        raise ValueError(f"line {number} is {','.join(line)[:80]!r}; {EXPECTED}") from None


def parse_time(text: str) -> float:
    """Unix seconds of a time. Raises ValueError."""
    try:
        return float(text)
    except ValueError:
        time = unix_seconds(text.strip())
    if time is None:
        raise ValueError(text)
    return time


def write_scores(out: TextIO, lines: Iterable[list[str]], found: DetectorScores) -> None:
    """Write the rows with their scores."""
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows([*line[:2], *scores] for line, scores in zip(lines, format_scores(found), strict=True))


def format_scores(found: DetectorScores) -> Iterator[tuple[str, ...]]:
    """Band, score, direction and grade of each row as text; no band while learning."""
    scores = (found.lower, found.upper, found.score, found.direction, found.grade)
    for lower, upper, score, *rest in zip(*(column.tolist() for column in scores), strict=True):
        band = ("", "") if lower != lower else (f"{lower:g}", f"{upper:g}")  # noqa: PLR0124 - not a number
        yield (*band, str(score), *map(str, rest))


if __name__ == "__main__":
    sys.exit(main())
