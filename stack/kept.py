"""A process that never outlives the stack, even a stack that is killed with SIGKILL."""

import ctypes
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

from honcho.process import Process  # type: ignore[import-untyped]  # honcho has no types

from stack.process_spec import ProcessSpec

PR_SET_PDEATHSIG = 1


class ParentBoundProcess(Process):  # type: ignore[misc]  # as above
    """Honcho's relay of one process: it ends with the stack, and its process ends with it."""

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        """Start the process and wait for its end; called in a process of its own."""
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        super().run(events, ignore_signals)


def shell_line(service: ProcessSpec, log: Path, seconds: float) -> str:
    """The line for the shell, of which exec leaves nothing but the command itself."""
    words = ["setpriv", "--pdeathsig", "TERM"]
    if service.after:
        words += [sys.executable, "-m", "stack.wait", str(seconds), *service.after, "--"]
    # straight into the log: with a pipe, the end of a process would go unnoticed for as long as any
    # child of it still held the other end
    return f"exec {shlex.join([*words, *service.command])} >{shlex.quote(str(log))} 2>&1"
