"""The worker's sign of life, written to SQL every few seconds."""

import logging
import os
import socket
import threading
from dataclasses import replace
from datetime import datetime, timedelta

from ingestion_api.store.store import follow
from ingestion_api.worker.bench import Bench
from ingestion_api.worker.contact import Contact
from ingestion_api.worker.gpu import gpu_facts
from ingestion_api.workers.register import Report, report, say_goodbye

log = logging.getLogger(__name__)

# a process forked while its parent has an SQLite file open inherits locks that nobody will ever give back
# (sqlite.org/howtocorrupt.html, 2.6): no fork during a beat, and no connection stays open between two
_unforked = threading.RLock()
os.register_at_fork(
    before=_unforked.acquire, after_in_parent=_unforked.release, after_in_child=_unforked.release
)


class Heartbeat:
    """A thread of the worker's main process, which tells whether its consumer hears the broker.

    It says nothing about a pool that hangs.
    """

    def __init__(self, bench: Bench, worker: str, queues: list[str], contact: Contact | None = None) -> None:
        self._bench = bench
        self._report = Report(
            worker, bench.settings.worker_type, socket.gethostname(), os.getpid(), queues, gpu_facts()
        )
        self._contact = contact or Contact()
        self._lost_at: datetime | None = None
        self._prepared = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Register, then beat."""
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """Beat no more, and say so."""
        self._stopped.set()
        self._thread.join(timeout=5)
        try:
            say_goodbye(self._bench.store, self._report.worker, self._bench.clock())
        except Exception as error:  # noqa: BLE001 - the worker stops anyway
            log.warning("the worker could not say goodbye: %s", type(error).__name__)

    def _run(self) -> None:
        while not self._stopped.wait(self._bench.settings.heartbeat_period):
            self._beat()

    def _beat(self) -> None:
        with _unforked:
            try:
                self._write()
            except Exception as error:  # noqa: BLE001 - the next beat tells that the database is back
                log.warning("heartbeat not written: %s", type(error).__name__)
            finally:
                self._bench.store.close()

    def _write(self) -> None:
        # here, so that a worker that starts before its database is there goes on once it is
        if not self._prepared:
            self._bench.prepare()
            self._prepared = True
        follow(self._bench.clock, self._bench.store)
        now = self._bench.clock()
        self._look(now)
        report(self._bench.store, replace(self._report, broker_lost_at=self._lost_at), now)

    def _look(self, now: datetime) -> None:
        """Note since when the broker is not heard, and say when that begins and ends."""
        silence = self._contact.lost_for()
        if silence is None:
            if self._lost_at is not None:
                log.warning("the broker is heard again")
            self._lost_at = None
        elif self._lost_at is None:
            log.warning("the broker has not been heard for %.0f s; no job is taken meanwhile", silence)
            self._lost_at = now - timedelta(seconds=silence)
