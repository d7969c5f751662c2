"""One server process: started until it is ready, frozen, thawed, stopped."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.servers.waiting import pause_after


class Server:
    """A process that a test runs; `start` returns when `ready` answers truthy."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        ready: Callable[[], object] = lambda: True,
        within: float = 30.0,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.command = list(command)
        self.log = log
        self.ready = ready
        self.within = within
        self.env = {**os.environ, **(env or {})}
        self.cwd = cwd
        self.stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; RuntimeError when the server is not started."""
        if self._process is None:
            raise RuntimeError(f"{self.command[0]} is not started; expected start() first")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process exists and has not ended."""
        return self._process is not None and self._process.poll() is None

    def output(self) -> str:
        """Everything the server has written so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def start(self) -> None:
        """Start the process; RuntimeError with its last lines when it ends or is not ready in time."""
        if self.running:
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                # a pytest that is killed takes its servers with it
                ["setpriv", "--pdeathsig", "KILL", *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def freeze(self) -> None:
        """Stop the process with all its children where they stand (SIGSTOP): connections hang."""
        deadline = time.monotonic() + self.within
        # a child born while we walk is seen in the next round; frozen parents bear no more
        while moving := [pid for pid in tree(self.pid) if state(pid) not in "TZX"]:
            if time.monotonic() >= deadline:
                raise RuntimeError(f"processes {moving} did not stop within {self.within:g} s")
            signal_all(moving, signal.SIGSTOP)
            time.sleep(0.001)

    def thaw(self) -> None:
        """Let a frozen process go on (SIGCONT)."""
        signal_all(tree(self.pid), signal.SIGCONT)

    def stop(self, within: float = 10.0) -> None:
        """End the process in the orderly way, then by force after `within` seconds."""
        if self._process is None or not self.running:
            return
        self.thaw()
        self._process.send_signal(self.stop_signal)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(within)
        self.kill()

    def kill(self) -> None:
        """End the process with all its children at once (SIGKILL)."""
        if self._process is None or not self.running:
            return
        signal_all(tree(self.pid), signal.SIGKILL)
        self._process.wait()

    def _wait_until_ready(self) -> None:
        began = time.monotonic()
        while not self._answers():
            if not self.running:
                raise RuntimeError(f"{self.command[0]} ended while starting:\n{self.output()[-2000:]}")
            waited = time.monotonic() - began
            if waited >= self.within:
                raise RuntimeError(
                    f"{self.command[0]} was not ready within {self.within:g} s:\n{self.output()[-2000:]}"
                )
            pause_after(waited)

    def _answers(self) -> bool:
        if not self.running:
            return False
        try:
            return bool(self.ready())
        except OSError:
            return False


def tree(pid: int) -> list[int]:
    """The process and all its descendants, parents first."""
    found = [pid]
    for parent in found:
        with suppress(OSError):
            for thread in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def state(pid: int) -> str:
    """The kernel's letter for what a process is doing: R, S, D, T (stopped), Z; X when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def signal_all(pids: Sequence[int], number: signal.Signals) -> None:
    """Send a signal to every process that still exists."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
