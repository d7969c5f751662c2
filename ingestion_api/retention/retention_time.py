"""How far retention has come: it follows the clock, but no faster than operators can notice a wrong one.

A machine that starts with its clock years ahead, or whose clock jumps and stays there, would otherwise remove
everything as too old within the hour.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ingestion_api.clock import Clock, elapsed_seconds
from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import RemovedTotal

log = logging.getLogger(__name__)

PACE = 24  # how many times faster than time itself it goes, so that a service that was off catches up
REACHED = "reached"  # the row of it, in seconds since 1970
WRITE_EVERY = 3600.0  # seconds that it goes on between two writes
BEHIND = timedelta(days=1)  # from which on the log tells


class RetentionTime:
    """The moment by which age is judged; kept in the database, so that a restart skips nothing."""

    def __init__(self, store: Store, clock: Clock, elapsed: Callable[[], float] = elapsed_seconds) -> None:
        self._store = store
        self._clock = clock
        self._elapsed = elapsed
        self._since = elapsed()  # when the row was read for the first time, or written
        self._told = False

    def __call__(self) -> datetime:
        """The clock's time, or an earlier one while that is more than what has passed explains."""
        now, passed = self._clock().timestamp(), self._elapsed() - self._since
        before = self._read()
        reached = now if before is None else max(before, min(now, before + PACE * passed))
        if before is None or reached - before >= WRITE_EVERY:
            self._write(reached)
        # a clock that is set back is followed at once: less is old then
        reached = min(reached, now)
        self._tell(timedelta(seconds=now - reached))
        return datetime.fromtimestamp(reached, UTC)

    def _read(self) -> float | None:
        with self._store.read() as session:
            row = session.get(RemovedTotal, REACHED)
            return None if row is None else row.value

    def _write(self, reached: float) -> None:
        with self._store.write() as session:
            take_advisory_lock(session, "retention time")
            session.merge(RemovedTotal(name=REACHED, value=reached))
        self._since = self._elapsed()

    def _tell(self, behind: timedelta) -> None:
        if behind > BEHIND and not self._told:
            log.warning(
                "the clock is %d days ahead of what retention had reached: the service was off, or the clock "
                "is wrong; rows are removed as if a day passed each hour",
                behind.days,
            )
        self._told = behind > BEHIND
