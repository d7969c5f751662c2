"""Runs the processes of the stack together: starts them, reports changes, and ends them all at once."""

import os
import re
import signal
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from honcho.manager import Manager  # type: ignore[import-untyped]  # honcho has no types

from stack.errors import StackError
from stack.health import HealthMonitor
from stack.orphans import RUN_VARIABLE, ParentBoundProcess, end_orphans, shell_line
from stack.process_spec import ProcessSpec
from stack.readiness import ReadinessProbe

KILL_AFTER = 5.0
LOG_TAIL_LINES, LOG_SEARCHED_LINES, LOG_ERRORS = 12, 200, 3
# as servers in Go, and those in Python, write it
ERROR = re.compile(r"\blevel=error\b|\b(?:ERROR|CRITICAL)\b")


def ignore_change(sentence: str) -> None:
    """For callers that want no reports of changes."""


class Runner(Manager):  # type: ignore[misc]  # as above
    """Honcho's manager with readiness, reasons for an end, and no orphans."""

    def __init__(
        self,
        processes: Sequence[ProcessSpec],
        logs: Path,
        seconds: float,
        monitor: HealthMonitor | None = None,
    ) -> None:
        super().__init__(NullPrinter())
        self._process_ctor = ParentBoundProcess
        self.run_id = uuid.uuid4().hex
        self.logs = logs
        self.readiness = ReadinessProbe(processes, seconds)
        self.monitor = monitor or HealthMonitor(())
        self.events: Any = PolledEventQueue(self.events, self._poll)
        self._stop_requested = False
        self._reported = False
        self._stopping_since: float | None = None
        self._reason: str | None = None
        self._optional = {process.name: process for process in processes if process.optional}
        self._ended: set[str] = set()
        for process in processes:
            self._add(process, seconds)

    def run(self, on_ready: Callable[[], None], on_change: Callable[[str], None] = ignore_change) -> None:
        """Run until a signal. Raises StackError: a required process ended or was not ready in time.

        An outage ends nothing: `on_ready` is called all the same, and `on_change` gets one sentence for each
        outage and each recovery.
        """
        self._on_ready, self._on_change = on_ready, on_change
        try:
            self.loop()
        finally:
            self.monitor.stop()
            self.readiness.cancel()
            end_orphans(self.run_id)
        if self._reason is not None:
            raise StackError(self._reason)

    def terminate(self) -> None:
        """Send SIGTERM to all and keep the reason; honcho calls this when a process has ended by itself."""
        if self._stopping_since is None:
            self._stopping_since = time.monotonic()
            self.readiness.cancel()
            if not self._stop_requested and self._reason is None:
                self._reason = self._exit_reason()
        super().terminate()

    def log_file(self, name: str) -> Path:
        """The file with the output of one process."""
        return self.logs / f"{name}.log"

    def _add(self, process: ProcessSpec, seconds: float) -> None:
        if process.status_file is not None:
            process.status_file.unlink(missing_ok=True)
        own = {"PYTHONUNBUFFERED": "1", RUN_VARIABLE: self.run_id}
        self.add_process(
            process.name,
            shell_line(process, self.log_file(process.name), seconds),
            env={**os.environ, **process.environment, **own},
        )

    def _start(self) -> None:
        # honcho's own handlers fail when a signal comes before every process has its id
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._request_stop)
        super()._start()
        self.readiness.start()

    def _request_stop(self, *_: object) -> None:
        self._stop_requested = True

    def _poll(self) -> None:
        """What honcho's loop does not do by itself, ten times a second."""
        if not self._all_started():
            return
        self._record_optional_ends()
        if self._stop_requested:
            self.terminate()
        elif self.readiness.timed_out.is_set():
            self._reason = self._reason or self._timeout_reason()
            self.terminate()
        elif self.readiness.all_ready.is_set():
            self._report()
        if self._stopping_since is not None and time.monotonic() - self._stopping_since > KILL_AFTER:
            self.kill()

    def _any_stopped(self) -> bool:
        # honcho ends all processes when this is true
        return any(
            it.get("returncode") is not None
            for name, it in self._processes.items()
            if name not in self._optional
        )

    def _record_optional_ends(self) -> None:
        """Write the end of an optional process into its status file, unless that holds a reason already."""
        for name, process in self._optional.items():
            if "returncode" in self._processes[name] and name not in self._ended:
                self._ended.add(name)
                self.readiness.forget(name)
                if process.status_file is not None and not process.status_file.exists():
                    end = exit_text(self._processes[name]["returncode"])
                    process.status_file.write_text(f"it {end}; see {self.log_file(name)}")

    def _report(self) -> None:
        """The summary once the outages are known, then every change."""
        if self.monitor.ident is None:
            self.monitor.start()
        elif not self._reported and self.monitor.settled.is_set():
            self._reported = True
            self._on_ready()
        for sentence in self.monitor.changes():
            self._on_change(sentence)

    def _exit_reason(self) -> str:
        name, code = next(
            (name, it["returncode"])
            for name, it in self._processes.items()
            if "returncode" in it and name not in self._optional
        )
        return f"the {name} {exit_text(code)}, so everything was stopped; {self._log_tail(name)}"

    def _timeout_reason(self) -> str:
        late = next(it.name for it in self.readiness.pending if not it.optional)
        within = f"within {self.readiness.seconds:g} s (READY_SECONDS)"
        return f"the {late} was not ready {within}, so everything was stopped; {self._log_tail(late)}"

    def _log_tail(self, name: str) -> str:
        log = self.log_file(name)
        lines = log_excerpt(log.read_text(errors="replace").splitlines() if log.exists() else [])
        if not lines:
            return f"it wrote nothing to {log}"
        return "\n  ".join([f"the end of {log}:", *lines])


def log_excerpt(lines: Sequence[str]) -> list[str]:
    """The last lines, after the last errors above them: a server tells what is wrong before it winds down."""
    above, last = lines[-LOG_SEARCHED_LINES:-LOG_TAIL_LINES], lines[-LOG_TAIL_LINES:]
    return [*[it for it in above if ERROR.search(it)][-LOG_ERRORS:], *last]


def exit_text(code: int) -> str:
    """How a process ended, by its exit status."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


class NullPrinter:
    """A printer for honcho that prints nothing: every process writes to its own log."""

    width = 0

    def write(self, message: object) -> None:
        """Drop the message."""


class PolledEventQueue:
    """Honcho's queue of events, which calls `poll` each time honcho waits for an event."""

    def __init__(self, events: Any, poll: Callable[[], None]) -> None:
        self._events = events
        self._poll = poll

    def put(self, event: object) -> None:
        """Called by the relays, in their processes."""
        self._events.put(event)

    def get(self, timeout: float) -> object:
        """Called by honcho's loop; raises queue.Empty after `timeout` seconds."""
        self._poll()
        return self._events.get(timeout=timeout)
