"""Watching, beside the running processes, until each of them is ready."""

import time
from collections.abc import Sequence
from threading import Event, Thread

from stack.probe import is_responding
from stack.process_spec import ProcessSpec

PAUSE = 0.1


class ReadinessProbe(Thread):
    """Asks every service until each has answered once, or the time is over."""

    def __init__(self, services: Sequence[ProcessSpec], seconds: float) -> None:
        super().__init__(name="readiness", daemon=True)
        self.pending = [service for service in services if service.awaited]
        self.seconds = seconds
        self.all_ready = Event()
        self.late = Event()
        self._given_up = Event()
        self._ended: set[str] = set()

    def run(self) -> None:
        """Ask in turn; sets `all_ready` or `late`."""
        deadline = time.monotonic() + self.seconds
        while not self._given_up.wait(PAUSE):
            self.pending = [
                service
                for service in self.pending
                if service.name not in self._ended and not is_responding(service.ready)
            ]
            if not self.pending:
                self.all_ready.set()
                return
            if time.monotonic() >= deadline:
                # what the others do without is told by the health monitor
                late = any(not service.optional for service in self.pending)
                (self.late if late else self.all_ready).set()
                return

    def forget(self, name: str) -> None:
        """Ask this one no more: it has ended."""
        self._ended.add(name)

    def give_up(self) -> None:
        """Stop asking."""
        self._given_up.set()
