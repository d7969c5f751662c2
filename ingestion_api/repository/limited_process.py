"""Run one command under limits, as a program of its own: `python -I -S limited_process.py ...`.

The command and all its children end when the parent of this process ends, however it ends. A command that
requests this itself would leave its children behind; so this process stays, and kills its process group,
whose leader it must be. It imports nothing of the project, so that it starts in
milliseconds.
"""

import ctypes
import os
import resource
import signal
import sys
from types import FrameType

PR_SET_PDEATHSIG = 1
KILL_DELAY = 5  # seconds between the signal of the limit and SIGKILL
NOT_STARTED = 127
SIGNAL_BASE = 128  # the exit status is this and the signal's number when a signal ended the command


def main(arguments: list[str]) -> int:
    """Run the command of [parent, memory bytes, file bytes, CPU seconds, command ...]; return its status."""
    parent, memory, file_bytes, seconds = (int(word) for word in arguments[:4])
    signal.signal(signal.SIGTERM, kill_group)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        return SIGNAL_BASE + signal.SIGTERM
    lower_limit(resource.RLIMIT_AS, memory)
    lower_limit(resource.RLIMIT_FSIZE, file_bytes)
    lower_limit(resource.RLIMIT_CPU, seconds, seconds + KILL_DELAY)
    lower_limit(resource.RLIMIT_CORE, 0)
    # the parent, which enforces the time limit, may be gone
    signal.signal(signal.SIGALRM, kill_group)
    signal.alarm(seconds + KILL_DELAY)
    # Python ignores these two; git is to end by them
    defaults = (signal.SIGPIPE, signal.SIGXFSZ)
    try:
        child = os.posix_spawnp(arguments[4], arguments[4:], os.environ, setsigdef=defaults)
    except OSError:
        return NOT_STARTED
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status if status >= 0 else SIGNAL_BASE - status


def kill_group(_number: int, _frame: FrameType | None) -> None:
    """End the command with everything that it started."""
    os.killpg(0, signal.SIGKILL)


def lower_limit(what: int, soft: int, hard: int | None = None) -> None:
    """Lower a limit; one that is lower already stays."""
    before = resource.getrlimit(what)[1]
    highest = soft if hard is None else hard
    if before != resource.RLIM_INFINITY:
        highest = min(highest, before)
    resource.setrlimit(what, (min(soft, highest), highest))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
