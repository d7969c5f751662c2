"""No process outlives the run: neither one of a killed stack, nor one that a process left behind."""

import ctypes
import os
import shlex
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from honcho.process import Process  # type: ignore[import-untyped]  # honcho has no types

from stack.process_spec import ProcessSpec

PR_SET_PDEATHSIG = 1
RUN_VARIABLE = "WATCHROOM_RUN"
TERM_SECONDS = 2.0
PAUSE = 0.05


class ParentBoundProcess(Process):  # type: ignore[misc]  # as above
    """Honcho's relay of one process: it ends with the stack, even after SIGKILL, and its process with it."""

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        """Start the process and wait for its end; called in a process of its own."""
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        super().run(events, ignore_signals)


def shell_line(process: ProcessSpec, log: Path, seconds: float) -> str:
    """The line for the shell, which `exec` replaces by the command itself."""
    words = ["setpriv", "--pdeathsig", "TERM"]
    if process.wait_for:
        words += [sys.executable, "-m", "stack.readiness", str(seconds), *process.wait_for, "--"]
    # A pipe would stay open, and the end of the process unnoticed, as long as any child of it lives.
    return f"exec {shlex.join([*words, *process.command])} >{shlex.quote(str(log))} 2>&1"


def find_orphans(run: str) -> list[int]:
    """The ids of all processes whose environment carries the id of this run."""
    mark = f"{RUN_VARIABLE}={run}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        # other users' processes cannot be read, and any process may end meanwhile
        with suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def end_orphans(run: str) -> None:
    """End all processes of this run: with SIGTERM, then with SIGKILL."""
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
