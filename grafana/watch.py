"""Writes the dashboards again whenever the code or the thresholds are saved."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PERIOD = 0.5


def watch(stop: threading.Event | None = None, command: tuple[str, ...] = ("-m", "grafana")) -> None:
    """Until Ctrl-C: a mistake in the code is shown, and the files in force stay as they are."""
    stop, before = stop or threading.Event(), None
    sys.stdout.write("watching grafana/ and prometheus/thresholds.yml; Ctrl-C ends\n")
    try:
        while not stop.is_set():
            now = save_times()
            if now != before:
                # a new process each time, since a module that was imported stays as it was
                subprocess.run((sys.executable, *command), cwd=ROOT, check=False)  # noqa: S603 - our own command
            before = now
            stop.wait(PERIOD)
    except KeyboardInterrupt:
        return


def save_times() -> dict[Path, int]:
    """When each source was last saved."""
    return {path: path.stat().st_mtime_ns for path in sources()}


def sources() -> Iterator[Path]:
    """All files of which the dashboards are made."""
    yield from sorted((ROOT / "grafana").rglob("*.py"))
    yield from sorted((ROOT / "prometheus").glob("thresholds.*"))
    yield ROOT / "prometheus" / "prometheus.yml"
