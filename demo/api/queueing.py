"""Sends tasks to the workers, and says how long it took when that fails."""

import logging
import time
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from demo.faults.state import FaultFile
from demo.logs import in_short
from demo.worker.celery_app import DEFAULT_PRIORITY, FORGOTTEN, PREFIX

log = logging.getLogger(__name__)
AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


class TaskQueue:
    """Sends tasks by their short name."""

    def __init__(self, celery: Celery, faults: FaultFile, retry_seconds: float) -> None:
        self._celery = celery
        self._faults = faults
        self._retry_seconds = retry_seconds

    def send(self, name: str, *args: Any, delay: float = 0, priority: int = DEFAULT_PRIORITY) -> None:
        """Queue a task; raises OperationalError if the broker does not take it."""
        if "lying" in self._faults:
            self._send_and_hush(name, args, delay, priority)
            return
        self._send(name, args, delay, priority)

    def _send(self, name: str, args: tuple[Any, ...], delay: float, priority: int) -> None:
        forgotten = "unrouted-tasks" in self._faults and name in FORGOTTEN
        options: dict[str, Any] = {"queue": "celery"} if forgotten else {}
        options |= {"countdown": delay or None, "priority": priority, "retry_policy": AT_ONCE}
        self._celery.send_task(PREFIX + name, args, **options)

    def _send_and_hush(self, name: str, args: tuple[Any, ...], delay: float, priority: int) -> None:
        # The watched backend retries for some 19 s, then swallows the error: only its latency tells.
        until = time.monotonic() + self._retry_seconds
        while True:
            try:
                return self._send(name, args, delay, priority)
            except OperationalError as error:
                if time.monotonic() >= until:
                    return log.warning("Error queuing %s: %s", name, in_short(error))
                time.sleep(0.2)
