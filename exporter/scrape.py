"""The scrape under way, and how often scrapes want one source."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

# a source that scrapes want more often than this, in seconds, is polled in the background: none waits for it
FREQUENT_INTERVAL = 3.0
# scrapes at most this far apart poll by themselves what is due, so that what they show is as new as they are
CLOSE_INTERVAL = 0.3

# when the results were received that the part under way has used: its age is that of the oldest of them
result_times: ContextVar[list[float] | None] = ContextVar("result_times", default=None)


@dataclass
class Scrape:
    """Until when a scrape waits for results (the event loop's time), and which pollers have served it."""

    deadline: float
    served: set[str] = field(default_factory=set)


current_scrape: ContextVar[Scrape | None] = ContextVar("current_scrape", default=None)


class ScrapeDemand:
    """Remembers the last scrape that wanted a source."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: Scrape | None = None
        self._last_at = float("-inf")
        self.is_close = False

    def record(self, scrape: Scrape | None) -> bool:
        """Whether this is a new scrape that comes soon after the one before it."""
        if scrape is None or scrape is self._last:
            return False
        age = self.age()
        self.is_close = age < CLOSE_INTERVAL
        self._last, self._last_at = scrape, self._clock()
        return age < FREQUENT_INTERVAL

    def age(self) -> float:
        """Seconds since the last scrape, infinite before the first."""
        return self._clock() - self._last_at
