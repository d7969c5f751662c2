"""The cost of our own requests to a source, and the intervals that keep it within a budget."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

# the poll that a request is sent for, so that a client knows it
current_query: ContextVar[str] = ContextVar("current_query", default="other")

# seconds that the source was busy in the poll under way, where its client can tell them from waiting
busy_seconds: ContextVar[list[float] | None] = ContextVar("busy_seconds", default=None)

RECENT = 12  # requests from whose times the cost of the next one is estimated
OUTLIER_SHARE = 8  # one of so many requests may be faster than the work, as an error is
MAX_COST_FACTOR = (
    2.0  # times that cost which a request counts for at most: what it took beyond that, it waited
)
MAX_CREDIT = (
    1.0  # seconds of a source's time that are saved at most, for faster polls when something looks wrong
)
# the part of the budget for polls while nothing looks wrong: what is left is saved for when something does
CALM_PART = 0.9
UNPLANNED_PART = 0.5  # of the budget, which requests beside the plan of a query may take at most
WINDOW = 60.0  # seconds over which the share is measured


@dataclass
class QueryCost:
    """The cost of one query: requests, seconds in all, and the seconds of the newest requests."""

    interval: float = float("inf")  # seconds between two requests in the settings
    requests: int = 0
    seconds: float = 0.0
    each: float = 0.0  # estimated seconds that one request keeps the source busy
    is_fast: bool = False  # whether it is polled at its shortest interval now
    at: float | None = None  # when its last request ended
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))

    @property
    def load(self) -> float:
        """The share of the source's time that the query takes at its set interval."""
        return self.each / self.interval

    def record(self, seconds: float) -> float:
        """Record the seconds of a request; returns the seconds that count as its cost.

        A response cannot be faster than its work, but it can be slower: behind the requests of others, or on
        a busy machine of ours. So the cost is what nearly all of the newest requests took at least. On the
        demo that is still a third more than the processor time of its page of metrics.
        """
        self.recent.append(seconds)
        # a single request may have waited for a connection, or for anything else that happens once
        self.each = sorted(self.recent)[len(self.recent) // OUTLIER_SHARE] if len(self.recent) > 1 else 0.0
        own = min(seconds, MAX_COST_FACTOR * self.each) if self.each else seconds
        self.requests += 1
        self.seconds += own
        return own


@contextmanager
def count_busy_time() -> Iterator[None]:
    """Count this time as busy time of the source; a poll without any counts from end to end."""
    began = time.monotonic()
    try:
        yield
    finally:
        measured = busy_seconds.get()
        if measured is not None:
            measured.append(time.monotonic() - began)


class ExchangeTimer:
    """Counts an HTTP exchange as busy time, from its first event on the network to its last.

    What the client does before and after that is our own work. Give `trace` to the client as its extension.
    """

    def __init__(self) -> None:
        self._began: float | None = None
        self._ended: float | None = None

    async def trace(self, event: str, _: object) -> None:
        """Note one event: a connection, a part that was sent, a part that was received."""
        if self._began is None:
            self._began = time.monotonic()
        if event.endswith("receive_response_body.complete"):
            self._ended = time.monotonic()

    def __enter__(self) -> "ExchangeTimer":
        return self

    def __exit__(self, *_: object) -> None:
        measured = busy_seconds.get()
        if measured is None or self._began is None:
            return
        # without a last event the source may be busy with it until now
        ended = time.monotonic() if self._ended is None else self._ended
        measured.append(ended - self._began)


class Footprint:
    """Counts our requests to one source and stretches intervals so that they stay within a share of its time.

    The budget is divided by max-min fairness: a query that needs less than its part keeps its interval, and
    what it leaves is divided among the others. Without a budget nothing is stretched. What the division
    leaves of the budget is saved, up to MAX_CREDIT, for polls at the shortest interval. A request on
    change, or one that waits behind users, takes nothing of that: a closer look must be possible afterwards.
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
        self._planned = 0.0  # the share that all queries take at their intervals
        self.stretch = 1.0

    @contextmanager
    def poll(self, query: str) -> Iterator[None]:
        """Count one poll, whatever its result."""
        began, measured = self._clock(), list[float]()
        busy_seconds.set(measured)
        try:
            yield
        finally:
            self.spend(query, sum(measured) if measured else self._clock() - began)

    def spend(self, query: str, seconds: float) -> None:
        """Count one request that took these seconds."""
        cost, now = self._costs.setdefault(query, QueryCost()), self._clock()
        own = cost.record(seconds)
        self._window.append((now, own))
        self._credit = self._saved() - (max(own - self._replaced(cost), 0.0) if cost.is_fast else 0.0)
        cost.at = now
        self._divide()

    def interval(self, query: str, wanted: float, fast: float | None = None, spared: float = 0.0) -> float:
        """Seconds between two requests of this query, whose settings want `wanted`.

        `fast` is its interval while something looks wrong; it holds while more than `spared` is saved.
        """
        cost = self._costs.setdefault(query, QueryCost())
        cost.is_fast = fast is not None and (self.budget is None or self._saved() > spared)
        if fast is not None and cost.is_fast:
            return fast
        if self.budget is None or wanted <= 0:
            return wanted
        if cost.interval != wanted:
            cost.interval = wanted
            self._divide()
        return wanted if cost.load <= self._part else cost.each / self._part

    def unplanned_gap(self, query: str) -> float:
        """Seconds between two requests of this query that come beside its plan, for a share of the budget."""
        cost = self._costs.get(query)
        return cost.each / (UNPLANNED_PART * self.budget) if cost and self.budget else 0.0

    def share(self) -> float:
        """The share of the last minute in which our requests kept the source busy."""
        oldest = self._clock() - WINDOW
        while self._window and self._window[0][0] < oldest:
            self._window.popleft()
        return sum(seconds for _, seconds in self._window) / WINDOW

    def totals(self) -> Iterator[tuple[str, int, float]]:
        """Query, requests and seconds of everything sent so far."""
        return ((query, cost.requests, cost.seconds) for query, cost in self._costs.items() if cost.requests)

    def _saved(self) -> float:
        """Seconds of the source's time that are saved for a closer look."""
        now = self._clock()
        unplanned = max((self.budget or 0.0) - self._planned, 0.0)
        self._credit = min(self._credit + unplanned * (now - self._credit_at), MAX_CREDIT)
        self._credit_at = now
        return self._credit

    def _replaced(self, cost: QueryCost) -> float:
        """Seconds that the plan set aside for this query since its last request: a fast poll uses them."""
        return 0.0 if cost.at is None else min(cost.load, self._part) * (self._clock() - cost.at)

    def _divide(self) -> None:
        """Compute the greatest part that keeps the sum of all loads within the calm part of the budget."""
        if self.budget is None:
            return
        loads = sorted(cost.load for cost in self._costs.values())
        left, self._part, self.stretch = CALM_PART * self.budget, float("inf"), 1.0
        self._planned = min(sum(loads), left)
        for rank, load in enumerate(loads):
            part = left / (len(loads) - rank)
            if load > part:
                self._part, self.stretch = part, loads[-1] / part
                return
            left -= load
