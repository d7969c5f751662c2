"""Wrong tokens in the log and in the audit log; a flood of them fills neither."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.exc import SQLAlchemyError

from ingestion_api.access.bearer import Actor
from ingestion_api.audit import record_change
from ingestion_api.clock import Clock
from ingestion_api.store import Store

log = logging.getLogger(__name__)

ACTION = "sign_in_failed"
NOBODY = "unknown"
ROWS = 60  # within the window, of all addresses together
WINDOW = 60.0  # seconds
MAX_PENDING = 100  # rows that wait for a database which does not respond


class FailedAttempts:
    """Writes a row for each wrong token, in a thread of its own: nobody waits for the database."""

    def __init__(self, store: Store, clock: Clock, timer: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._timer = timer
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="failed-attempts")
        self._pending = threading.Semaphore(MAX_PENDING)
        self._lock = threading.Lock()
        self._began = -WINDOW
        self._rows = 0
        self._left_out = 0

    def record(self, address: str, where: str) -> None:
        """Record that a wrong token came from `address`; `where` names what it was shown to."""
        left_out = self._admit()
        if left_out is None:
            return
        log.warning("wrong token from %s at %s%s", address, where, _and_more(left_out))
        if not self._pending.acquire(blocking=False):
            return
        try:
            self._writer.submit(self._write, address, where, left_out)
        except RuntimeError:
            # the service is being stopped
            self._pending.release()

    def close(self) -> None:
        """End the thread after the row that it is writing."""
        self._writer.shutdown(wait=True, cancel_futures=True)

    def _admit(self) -> int | None:
        """How many were left out before this one; None when this one is left out."""
        with self._lock:
            if self._timer() - self._began >= WINDOW:
                self._began, self._rows = self._timer(), 0
            if self._rows >= ROWS:
                self._left_out += 1
                return None
            self._rows += 1
            left_out, self._left_out = self._left_out, 0
            return left_out

    def _write(self, address: str, where: str, left_out: int) -> None:
        details = {"left_out_before": left_out} if left_out else {}
        try:
            with self._store.write() as session:
                record_change(session, Actor(NOBODY, address), ACTION, where, self._clock(), **details)
        except SQLAlchemyError as error:
            log.warning("a wrong token from %s is not in the audit log: %s", address, type(error).__name__)
        finally:
            self._pending.release()


def _and_more(left_out: int) -> str:
    return f", after {left_out} more that are not listed" if left_out else ""
