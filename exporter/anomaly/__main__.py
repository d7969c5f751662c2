"""Find anomalies in a series: `python -m exporter.anomaly < series.csv`, with columns timestamp and value."""

import csv
import sys
from collections.abc import Iterable, Iterator
from typing import TextIO

from exporter.anomaly.detector import Detector
from exporter.anomaly.scoring import DetectorScores
from exporter.sources.json_object import unix_seconds

COLUMNS = ("timestamp", "value", "lower", "upper", "anomaly_score", "direction")
EXPECTED = "expected two columns, a time (Unix seconds or ISO 8601) and a number"


def main() -> int:
    """Read rows, write them with band, score (1 begins an anomaly) and direction; 2 for an invalid row."""
    lines = list(csv.reader(sys.stdin))[1:]
    try:
        rows = [parse_row(number, line) for number, line in enumerate(lines, 2) if line]
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    found = Detector().read([time for time, _ in rows], [value for _, value in rows])
    write_scores(sys.stdout, [line for line in lines if line], found)
    return 0


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
    """Band, score and direction of each row as text; no band while learning."""
    columns = (column.tolist() for column in (found.lower, found.upper, found.score, found.direction))
    for lower, upper, score, way in zip(*columns, strict=True):
        band = ("", "") if lower != lower else (f"{lower:g}", f"{upper:g}")  # noqa: PLR0124 - not a number
        yield (*band, str(score), str(way))


if __name__ == "__main__":
    sys.exit(main())
