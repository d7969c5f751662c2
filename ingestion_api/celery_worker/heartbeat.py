"""The worker's heartbeat in SQL, with the graphics cards of its machine."""

import logging
import os
import shutil
import socket
import subprocess
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ingestion_api.celery_worker.consumer import BrokerContact
from ingestion_api.celery_worker.context import WorkerContext
from ingestion_api.store.store import sync_clock
from ingestion_api.workers import WorkerReport, mark_stopped, record_heartbeat

log = logging.getLogger(__name__)

QUERY = ("--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits")
TIMEOUT = 5.0
# a process forked while its parent has an SQLite file open inherits locks that are never released
# (sqlite.org/howtocorrupt.html, 2.6): no fork during a beat, and no connection stays open between two
_fork_lock = threading.RLock()


def gpu_info(command: str = "nvidia-smi") -> dict[str, Any]:
    """{"available", "cards": [{"name", "memory_bytes", "driver"}]}; no card when the driver's tool fails."""
    tool = shutil.which(command)
    if tool is None:
        return {"available": False, "cards": []}
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed question to a tool found on the path
            [tool, *QUERY], capture_output=True, text=True, timeout=TIMEOUT, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return {"available": False, "cards": []}
    cards = [card for line in answer.stdout.splitlines() if (card := _parse_card(line))]
    return {"available": bool(cards), "cards": cards}


def _parse_card(line: str) -> dict[str, Any] | None:
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != 3 or not parts[1].isdigit():
        return None
    return {"name": parts[0], "memory_bytes": int(parts[1]) * 1024 * 1024, "driver": parts[2]}


os.register_at_fork(
    before=_fork_lock.acquire, after_in_parent=_fork_lock.release, after_in_child=_fork_lock.release
)


class Heartbeat:
    """A thread of the worker's main process, which also reports a lost broker.

    It does not detect a pool that hangs.
    """

    def __init__(
        self, context: WorkerContext, worker: str, queues: list[str], contact: BrokerContact | None = None
    ) -> None:
        self._context = context
        self._report = WorkerReport(
            worker, context.settings.worker_type, socket.gethostname(), os.getpid(), queues, gpu_info()
        )
        self._contact = contact or BrokerContact()
        self._lost_at: datetime | None = None
        self._prepared = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Register the worker, then write a heartbeat every period."""
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """Stop, and mark the worker as stopped."""
        self._stopped.set()
        self._thread.join(timeout=5)
        try:
            mark_stopped(self._context.store, self._report.worker, self._context.clock())
        except Exception as error:  # noqa: BLE001 - the worker stops anyway
            log.warning("the worker could not be marked as stopped: %s", type(error).__name__)

    def _run(self) -> None:
        while not self._stopped.wait(self._context.settings.heartbeat_period):
            self._beat()

    def _beat(self) -> None:
        with _fork_lock:
            try:
                self._write()
            except Exception as error:  # noqa: BLE001 - the next heartbeat shows that the database is back
                log.warning("heartbeat not written: %s", type(error).__name__)
            finally:
                self._context.store.close()

    def _write(self) -> None:
        # here, so that a worker may start before its database
        if not self._prepared:
            self._context.prepare()
            self._prepared = True
        sync_clock(self._context.clock, self._context.store)
        now = self._context.clock()
        self._update_broker_state(now)
        record_heartbeat(self._context.store, replace(self._report, broker_lost_at=self._lost_at), now)

    def _update_broker_state(self, now: datetime) -> None:
        """Record since when the broker is lost; log its loss and its return."""
        seconds = self._contact.seconds_lost()
        if seconds is None:
            if self._lost_at is not None:
                log.warning("the broker replies again")
            self._lost_at = None
        elif self._lost_at is None:
            log.warning("the broker has not replied for %.0f s; no job is taken meanwhile", seconds)
            self._lost_at = now - timedelta(seconds=seconds)
