"""Running the processes together: started, watched, and ended all at once."""

import os
import signal
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from honcho.manager import Manager  # type: ignore[import-untyped]  # honcho has no types

from stack import orphans
from stack.errors import StackError
from stack.health import HealthMonitor
from stack.kept import ParentBoundProcess, shell_line
from stack.process_spec import ProcessSpec
from stack.readiness import ReadinessProbe

KILL_AFTER = 5.0
LOG_TAIL_LINES = 12


def ignore_change(sentence: str) -> None:
    """For a caller who wants to hear of no change."""


class Runner(Manager):  # type: ignore[misc]  # as above
    """Honcho, with readiness, reasons and a last look that nothing is left."""

    def __init__(
        self,
        services: Sequence[ProcessSpec],
        logs: Path,
        seconds: float,
        monitor: HealthMonitor | None = None,
    ) -> None:
        super().__init__(NullPrinter())
        self._process_ctor = ParentBoundProcess
        self.run_mark = uuid.uuid4().hex
        self.logs = logs
        self.readiness = ReadinessProbe(services, seconds)
        self.monitor = monitor or HealthMonitor(())
        self.events: Any = PolledEventQueue(self.events, self._look)
        self._asked = False
        self._told = False
        self._since: float | None = None
        self._reason: str | None = None
        self._optional = {service.name: service for service in services if service.optional}
        self._ended: set[str] = set()
        for service in services:
            self._add(service, seconds)

    def run(self, on_ready: Callable[[], None], on_change: Callable[[str], None] = ignore_change) -> None:
        """Run until a signal asks to stop; StackError when a process ended or was not ready in time.

        A dependency that is away ends nothing: `on_ready` is called nevertheless, and `on_change` gets a
        sentence when one goes or comes.
        """
        self._on_ready, self._on_change = on_ready, on_change
        try:
            self.loop()
        finally:
            self.monitor.stop()
            self.readiness.give_up()
            orphans.end_orphans(self.run_mark)
        if self._reason is not None:
            raise StackError(self._reason)

    def terminate(self) -> None:
        """Ask all to end, keeping the reason; honcho calls this when any has ended by itself."""
        if self._since is None:
            self._since = time.monotonic()
            self.readiness.give_up()
            if not self._asked and self._reason is None:
                self._reason = self._why()
        super().terminate()

    def _add(self, service: ProcessSpec, seconds: float) -> None:
        if service.status_file is not None:
            service.status_file.unlink(missing_ok=True)
        marks = {"PYTHONUNBUFFERED": "1", orphans.RUN_VARIABLE: self.run_mark}
        self.add_process(
            service.name,
            shell_line(service, self.log_of(service.name), seconds),
            env={**os.environ, **service.environment, **marks},
        )

    def log_of(self, name: str) -> Path:
        """The file with the output of one process."""
        return self.logs / f"{name}.log"

    def _start(self) -> None:
        # in place of honcho's own, which fail when a signal comes before every process has its number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)
        super()._start()
        self.readiness.start()

    def _ask(self, *_: object) -> None:
        self._asked = True

    def _look(self) -> None:
        """What honcho's loop does not do by itself, ten times a second."""
        if not self._all_started():
            return
        self._note_ends()
        if self._asked:
            self.terminate()
        elif self.readiness.late.is_set():
            self._reason = self._reason or self._too_late()
            self.terminate()
        elif self.readiness.all_ready.is_set():
            self._tell()
        if self._since is not None and time.monotonic() - self._since > KILL_AFTER:
            self.kill()

    def _any_stopped(self) -> bool:
        # in place of honcho's own, for which every end is the end of all
        return any(
            it.get("returncode") is not None
            for name, it in self._processes.items()
            if name not in self._optional
        )

    def _note_ends(self) -> None:
        """Let the status file of an optional process that has ended say so, unless it says why already."""
        for name, service in self._optional.items():
            if "returncode" in self._processes[name] and name not in self._ended:
                self._ended.add(name)
                self.readiness.forget(name)
                if service.status_file is not None and not service.status_file.exists():
                    sentence = f"it {exit_text(self._processes[name]['returncode'])}; see {self.log_of(name)}"
                    service.status_file.write_text(sentence)

    def _tell(self) -> None:
        """The table once it is known what is away, then every change."""
        if self.monitor.ident is None:
            self.monitor.start()
        elif not self._told and self.monitor.settled.is_set():
            self._told = True
            self._on_ready()
        for sentence in self.monitor.changes():
            self._on_change(sentence)

    def _why(self) -> str:
        name, code = next(
            (name, it["returncode"])
            for name, it in self._processes.items()
            if "returncode" in it and name not in self._optional
        )
        return f"the {name} {exit_text(code)}, so everything was stopped; {self._last_lines(name)}"

    def _too_late(self) -> str:
        late = next(it.name for it in self.readiness.pending if not it.optional)
        within = f"within {self.readiness.seconds:g} s (READY_SECONDS)"
        return f"the {late} was not ready {within}, so everything was stopped; {self._last_lines(late)}"

    def _last_lines(self, name: str) -> str:
        log = self.log_of(name)
        lines = log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:] if log.exists() else []
        if not lines:
            return f"it wrote nothing to {log}"
        return "\n  ".join([f"the end of {log}:", *lines])


def exit_text(code: int) -> str:
    """How a process ended, by its exit status."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


class NullPrinter:
    """A printer for honcho that prints nothing: every process writes to a log of its own."""

    width = 0

    def write(self, message: object) -> None:
        """Nothing."""


class PolledEventQueue:
    """Honcho's queue of events, with a look at everything else each time honcho looks at it."""

    def __init__(self, events: Any, look: Callable[[], None]) -> None:
        self._events = events
        self._look = look

    def put(self, event: object) -> None:
        """Called by the relays, in their processes."""
        self._events.put(event)

    def get(self, timeout: float) -> object:
        """Called by honcho's loop; raises queue.Empty after `timeout` seconds."""
        self._look()
        return self._events.get(timeout=timeout)
