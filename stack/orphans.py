"""Processes of this run that are still there when all should have ended."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

RUN_VARIABLE = "WATCHROOM_RUN"
TERM_SECONDS = 2.0
PAUSE = 0.05


def find_orphans(run: str) -> list[int]:
    """The ids of all processes that carry the mark of this run in their environment."""
    mark = f"{RUN_VARIABLE}={run}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        # other users' processes may not be looked into, and any may end meanwhile
        with suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def end_orphans(run: str) -> None:
    """End what a process of this run left behind: asked first, then by force."""
    _signal_orphans(run, signal.SIGTERM)
    deadline = time.monotonic() + TERM_SECONDS
    while find_orphans(run) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    while _signal_orphans(run, signal.SIGKILL):
        time.sleep(PAUSE)


def _signal_orphans(run: str, number: signal.Signals) -> list[int]:
    pids = find_orphans(run)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    return pids
