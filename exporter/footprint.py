"""What our own requests cost a source, and how seldom each may be sent so that the budget holds."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

# the poll on whose behalf a request is sent, so that a client knows what it is for
current_query: ContextVar[str] = ContextVar("current_query", default="other")

# seconds that the source was really busy in the poll under way, where its client can tell them from waiting
busy_seconds: ContextVar[list[float] | None] = ContextVar("busy_seconds", default=None)

RECENT = 12  # requests from whose times the cost of the next one is estimated
OUTLIER_SHARE = 8  # one of so many may have been faster than the work is, as an error is
MAX_COST_FACTOR = (
    2.0  # times that cost which a request counts for at most: what it took beyond that, it waited
)
MAX_CREDIT = 1.0  # seconds of a source's time that are saved at most, for when something looks wrong
WINDOW = 60.0  # seconds over which the share is told


@dataclass
class QueryCost:
    """What one query has cost: requests, seconds in all, and the seconds of the newest requests."""

    interval: float = float("inf")  # seconds between two requests as the settings want them
    requests: int = 0
    seconds: float = 0.0
    each: float = 0.0  # seconds that one request keeps the source busy, as far as can be seen
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))

    @property
    def load(self) -> float:
        """The share of the source's time that the query takes at its set interval."""
        return self.each / self.interval

    def note(self, seconds: float) -> float:
        """Take in the time of a request; the seconds of it that it counts for.

        A response cannot be faster than the work that it takes, but it can be slower: behind the requests of
        others, or on a busy machine of ours. So the cost of each is what nearly all of the newest took at
        least; on the demo that is still a third more than the processor time of its page of metrics.
        """
        self.recent.append(seconds)
        # a single one may have waited for a connection, or for anything else that happens once
        self.each = sorted(self.recent)[len(self.recent) // OUTLIER_SHARE] if len(self.recent) > 1 else 0.0
        own = min(seconds, MAX_COST_FACTOR * self.each) if self.each else seconds
        self.requests += 1
        self.seconds += own
        return own


@contextmanager
def count_busy_time() -> Iterator[None]:
    """Note that the source works for us meanwhile; a poll that notes nothing is counted from end to end."""
    began = time.monotonic()
    try:
        yield
    finally:
        noted = busy_seconds.get()
        if noted is not None:
            noted.append(time.monotonic() - began)


class Footprint:
    """Counts our requests to one source and stretches intervals so that they stay within a share of its time.

    The budget is divided by max-min fairness: a query that needs less than its part keeps its interval, and
    what it leaves is divided among the others. Without a budget nothing is stretched. What was not used is
    saved, up to CREDIT: a query that is hurried may use it up at its quickest interval.
    """

    def __init__(
        self, source: str, budget: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.source = source
        self.budget = budget
        self._clock = clock
        self._costs: dict[str, QueryCost] = {}
        self._window: deque[tuple[float, float]] = deque()
        self._credit, self._credit_at = MAX_CREDIT, clock()
        self._part = float("inf")  # the share that a query may take at most
        self.stretch = 1.0

    @contextmanager
    def poll(self, query: str) -> Iterator[None]:
        """Count one poll, whatever becomes of it."""
        began, noted = self._clock(), list[float]()
        busy_seconds.set(noted)
        try:
            yield
        finally:
            self.spend(query, sum(noted) if noted else self._clock() - began)

    def spend(self, query: str, seconds: float) -> None:
        """Count one request that took these seconds."""
        own = self._costs.setdefault(query, QueryCost()).note(seconds)
        self._window.append((self._clock(), own))
        self._credit = self._saved() - own
        self._divide()

    def interval(self, query: str, wanted: float, hurried: float | None = None) -> float:
        """Seconds to leave between two requests of this query, which wants them this often.

        `hurried` is its interval while something looks wrong, where it does: in force while there is credit.
        """
        if hurried is not None and (self.budget is None or self._saved() > 0):
            return hurried
        if self.budget is None or wanted <= 0:
            return wanted
        cost = self._costs.setdefault(query, QueryCost())
        if cost.interval != wanted:
            cost.interval = wanted
            self._divide()
        return wanted if cost.load <= self._part else cost.each / self._part

    def share(self) -> float:
        """The share of the last minute in which our requests kept the source busy."""
        oldest = self._clock() - WINDOW
        while self._window and self._window[0][0] < oldest:
            self._window.popleft()
        return sum(seconds for _, seconds in self._window) / WINDOW

    def totals(self) -> Iterator[tuple[str, int, float]]:
        """Query, requests and seconds of everything that was ever sent."""
        return ((query, cost.requests, cost.seconds) for query, cost in self._costs.items() if cost.requests)

    def _saved(self) -> float:
        """Seconds of the source's time that were saved, negative where more than the budget was used."""
        now = self._clock()
        self._credit = min(self._credit + (self.budget or 0.0) * (now - self._credit_at), MAX_CREDIT)
        self._credit_at = now
        return self._credit

    def _divide(self) -> None:
        """Find the greatest part that keeps the sum of all loads within the budget."""
        if self.budget is None:
            return
        loads = sorted(cost.load for cost in self._costs.values())
        left, self._part, self.stretch = self.budget, float("inf"), 1.0
        for place, load in enumerate(loads):
            part = left / (len(loads) - place)
            if load > part:
                self._part, self.stretch = part, loads[-1] / part
                return
            left -= load
