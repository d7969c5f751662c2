"""How often a source may be polled, and what it demands of its pollers."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from exporter.footprint import Footprint

# the first and the longest backoff, in seconds, of a poll that costs its source next to nothing
FAST_BACKOFF_BASE, FAST_BACKOFF_MAX = 0.25, 5.0
# seconds between two requests to a route that does not exist or is not configured
ABSENT_RETRY_INTERVAL = 900.0
NOT_FOUND_STATUSES, UNAVAILABLE_STATUS = (404, 501), 503
# responses of 503 in a row after which a route that never gave another counts as not configured, and
# time-outs in a row that count although the source responds to others meanwhile
CONFIRMATIONS = 3


@dataclass(frozen=True)
class PollPolicy:
    """How often a source may be polled, in seconds.

    - `interval` set: polled in the background at this interval, and a scrape takes the last result. Infinite:
      polled only after `request_refresh`, at most once in `min_refresh_gap`.
    - Otherwise polled by the scrape, at most once in `min_interval`; sooner, the last result serves. While
      scrapes want it often, it is polled at that interval in the background. `relaxed_interval` replaces it
      for as long as nothing looks wrong.
    - After n failures in a row it backs off for `backoff_base * 2**n`, at most `max_backoff`. After a refused
      connection, which costs the source nothing, for `FAST_BACKOFF_BASE * 2**n`, at most `FAST_BACKOFF_MAX`.
      Where a failed poll costs the source much, it backs off for up to `max_cost_backoff` instead.
    - `may_be_absent`: a response that the route does not exist stops polling for `ABSENT_RETRY_INTERVAL`.
    """

    timeout: float = 1.0
    min_interval: float = 0.0
    interval: float | None = None
    backoff_base: float = FAST_BACKOFF_BASE
    max_backoff: float = FAST_BACKOFF_MAX
    max_cost_backoff: float = 60.0
    relaxed_interval: float | None = None
    min_refresh_gap: float = 0.0
    may_be_absent: bool = False

    @property
    def base_interval(self) -> float:
        """Seconds between two polls while nothing looks wrong."""
        if self.interval is not None:
            return self.interval
        return self.relaxed_interval or self.min_interval


def no_turn(_: str) -> AbstractAsyncContextManager[None]:
    """This source lets any number of polls run at once."""
    return nullcontext()


def always_false() -> bool:
    """A time-out of this source always counts."""
    return False


@dataclass(frozen=True)
class SourceConstraints:
    """What a source demands of its pollers: a footprint that counts their cost, and a turn for each poll.

    While `holds_last_result` is true, the last result counts whatever its age, and a time-out is no failure.
    """

    footprint: Footprint | None = None
    turn: Callable[[str], AbstractAsyncContextManager[Any]] = no_turn
    holds_last_result: Callable[[], bool] = always_false
