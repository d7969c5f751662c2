"""The detector as a command, for a series of one's own."""

import csv
import subprocess
import sys
from datetime import UTC, datetime

from tests.exporter.anomaly.made_up_series import level, minutes


def judged(text: str, *options: str) -> subprocess.CompletedProcess[str]:
    """What the command says of this text."""
    command = [sys.executable, "-m", "exporter.anomaly", *options]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def test_rows_come_back_with_band_score_and_direction() -> None:
    times = minutes(0.4)
    values = level(times)
    values[500] = 3
    stamps = [datetime.fromtimestamp(it, UTC).strftime("%Y-%m-%d %H:%M:%S") for it in times]
    cells = [f"{stamp},{value}" for stamp, value in zip(stamps, values, strict=True)]
    cells[300] = f"{stamps[300]},"
    found = judged("\n".join(["timestamp,value", *cells, ""]))
    assert (found.returncode, found.stderr) == (0, "")
    rows = list(csv.DictReader(found.stdout.splitlines()))
    assert [row["timestamp"] for row in rows] == stamps
    assert [place for place, row in enumerate(rows) if float(row["anomaly_score"]) >= 1] == [500]
    assert (rows[500]["direction"], rows[500]["grade"]) == ("1", "2")
    assert float(rows[500]["lower"]) < 0.2 < float(rows[500]["upper"]) < 3
    assert (rows[100]["lower"], rows[100]["anomaly_score"]) == ("", "0.0")
    assert (rows[300]["value"], rows[300]["anomaly_score"]) == ("", "0.0")


def test_a_wrong_row_is_named() -> None:
    for wrong in ("1700000000,many", "yesterday,1", "1700000000"):
        found = judged(f"timestamp,value\n1700000000,1\n{wrong}\n")
        assert found.returncode == 2
        assert found.stderr.startswith(f"line 3 is {wrong!r}; expected two columns")


def test_it_judges_as_the_exporter_with_its_period_and_time_to_learn() -> None:
    times = minutes(0.2)
    values = level(times)
    values[200] = 3
    text = "\n".join(["timestamp,value", *map("{},{}".format, times.tolist(), values)])
    for learn, found in (("86400", False), ("3600", True)):
        rows = csv.DictReader(judged(text, "--period", "60", "--learn", learn).stdout.splitlines())
        assert (float([*rows][200]["anomaly_score"]) >= 1) is found
    assert "--period is 0; expected more than 0 seconds" in judged(text, "--period=0").stderr


def test_help_is_told_without_any_row() -> None:
    assert "grade (1 weak, 2 strong)" in " ".join(judged("", "--help").stdout.split())
