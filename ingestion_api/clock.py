"""The time: an argument, so that tests can set it, and steady, so that clock jumps do no harm."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
MAX_DRIFT = timedelta(seconds=1)  # a smaller difference is drift and no jump
# on Linux it includes the time that the machine sleeps
CLOCK_ID = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
JUMP_CONFIRMATION = timedelta(minutes=10)  # how long a jump must last before it is applied


def wall_time() -> datetime:
    """The machine's clock, which may be set at any time; aware, in UTC."""
    return datetime.now(UTC)


def naive_utc(moment: datetime) -> datetime:
    """The moment in UTC without zone, as SQLite and the backend store it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def shifted(moment: datetime, by: timedelta) -> datetime:
    """The moment moved by this; at either end of the calendar, that end."""
    try:
        return moment + by
    except OverflowError:
        return LAST if by > timedelta(0) else FIRST


def elapsed_seconds() -> float:
    """Seconds that only rise, also while the machine sleeps; the same for all processes of the machine."""
    return time.clock_gettime(CLOCK_ID)


class SteadyClock:
    """Starts at the machine's time and advances by elapsed seconds.

    It follows a reference, such as the database's clock, which all processes can read. A jump of the
    reference applies once it has lasted: a clock that is ahead for seconds must expire no lease and no job.
    """

    def __init__(
        self,
        reference: Clock = wall_time,
        elapsed: Callable[[], float] = elapsed_seconds,
        settled: timedelta = JUMP_CONFIRMATION,
    ) -> None:
        self._elapsed = elapsed
        self._settled = settled.total_seconds()
        self._lock = threading.Lock()
        self._anchor, self._anchored_at = reference(), elapsed()
        self._followed = False
        self._jump: tuple[timedelta, float] | None = None  # its size, and since when

    def __call__(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self._anchor + timedelta(seconds=self._elapsed() - self._anchored_at)

    def follow(self, reference: datetime) -> None:
        """Record the reference's time; the first value and small differences apply at once."""
        with self._lock:
            off = reference - self()
            if self._followed and abs(off) > MAX_DRIFT and not self._has_settled(off):
                return
            self._followed, self._jump = True, None
            now = self._elapsed()
            self._anchor, self._anchored_at = reference, now

    def _has_settled(self, off: timedelta) -> bool:
        now = self._elapsed()
        if self._jump is None or abs(off - self._jump[0]) > MAX_DRIFT:
            self._jump = off, now
            log.warning(
                "the clock jumped by %+.0f s; the jump applies once it has lasted for %.0f s",
                off.total_seconds(),
                self._settled,
            )
        return now - self._jump[1] >= self._settled


# for this process and its forks, which share the machine's elapsed seconds
utc_now = SteadyClock()
