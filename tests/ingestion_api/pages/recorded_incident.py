"""A Prometheus that has recorded one incident: a share of errors over its level, and a false report."""

import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.servers.prometheus_server import PrometheusServer

STEP = 15
# minutes after the begin of the record
START, END, LAST = 20, 30, 45


@dataclass(frozen=True)
class Recorded:
    """The server, and when the incident began and ended."""

    server: PrometheusServer
    start: datetime
    end: datetime


def record(folder: Path) -> Recorded:
    """Write the history; the incident is half an hour old."""
    begin = int(time.time()) // 60 * 60 - 60 * LAST
    lines = []
    for name, labels, value in SERIES:
        lines.append(f"# TYPE {name} unknown\n")
        for label in labels:
            moments = range(0, 60 * LAST, STEP)
            lines += [f"{name}{label} {value(at / 60, label)} {begin + at}\n" for at in moments]
    (folder / "record.txt").write_text("".join([*lines, "# EOF\n"]))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "record.txt", "data"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    first = datetime.fromtimestamp(begin, UTC)
    server = PrometheusServer(folder, {"global": {}}, "--storage.tsdb.retention.time=30d")
    return Recorded(server, first + timedelta(minutes=START), first + timedelta(minutes=END))


def _share(minute: float, label: str) -> float:
    if not START <= minute < END or "search" not in label:
        return 0.004
    return 0.3 if 24 <= minute < 25 else 0.08


def _level(minute: float, label: str) -> float:
    if "warning" in label:
        return 0.02
    return 0.05 if minute < 27 else 0.06


def _disagrees(minute: float, _: str) -> float:
    return float(START - 1 <= minute < END)


SIGNAL = 'signal="api_error_ratio"'
SERIES = (
    ("ops:signal:worst", [f'{{{SIGNAL},module="{name}"}}' for name in ("search", "graph")], _share),
    ("ops:threshold", [f'{{{SIGNAL},severity="{name}"}}' for name in ("warning", "critical")], _level),
    ("ops_self_report_disagrees", ['{subject="search",reported="healthy",observed="down"}'], _disagrees),
)
