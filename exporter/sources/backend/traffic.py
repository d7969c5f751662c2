"""The status of each module by its recent requests, where no reliable health route is known."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

from exporter.metrics import HistogramData
from exporter.settings_backend import JudgementSettings
from exporter.sources.backend.request_totals import RequestTotals
from exporter.status import (
    DEGRADED,
    DOWN,
    HEALTHY,
    SINGLE_FAILURE,
    UNKNOWN,
    is_significant,
    significant_status,
    status_from_error_ratio,
)

RECENT_PART = 6.0  # a sixth of the window decides whether trouble is over
SAMPLES_PER_WINDOW = 120
SLOW_SHARE = 0.05  # of the requests may be slow
LOOK_AHEAD = 1.0  # seconds within which a verdict is near
# bad requests that are a sudden rise: as many, and as many times what the window lets expect
RISE_LEAST, RISE_FACTOR = 3.0, 3.0


@dataclass(frozen=True)
class TrafficSample:
    """The totals at one moment."""

    at: float
    requests: Mapping[str, float]
    errors: Mapping[str, float]
    durations: Mapping[str, HistogramData]


@dataclass(frozen=True)
class RequestCounts:
    """Requests of some time, and those of them that failed or were slow."""

    requests: float
    failed: float
    slow: float

    def plus(self, other: "RequestCounts") -> "RequestCounts":
        """Both together."""
        return RequestCounts(
            self.requests + other.requests, self.failed + other.failed, self.slow + other.slow
        )

    def scaled(self, factor: float) -> "RequestCounts":
        """So many times as many."""
        return RequestCounts(self.requests * factor, self.failed * factor, self.slow * factor)


class TrafficWindow:
    """Keeps the totals of a time window and compares its ends."""

    def __init__(
        self,
        settings: JudgementSettings,
        clock: Callable[[], float] = time.monotonic,
        is_recovering: Callable[[], bool] = lambda: False,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._is_recovering = is_recovering
        self._samples: deque[TrafficSample] = deque()
        self._now: TrafficSample | None = None
        self._before: TrafficSample | None = None
        self._statuses: dict[str, str] = {}
        self._last_rate: float | None = None

    def record(self, totals: RequestTotals) -> None:
        """Record the current totals."""
        at, window = self._clock(), self._settings.window
        self._before = self._now
        self._now = TrafficSample(
            at, totals.requests_by_module(), totals.errors_by_module(), totals.durations
        )
        if self._is_recovering():
            self._last_rate = self.rate()
            self._samples.clear()  # requests that end now began during an outage
        if not self._samples or at - self._samples[-1].at >= window / SAMPLES_PER_WINDOW:
            self._samples.append(self._now)
        # the window begins with the sample that is nearest: an earlier one would judge later than it should
        while len(self._samples) > 2 and at - (self._samples[0].at + self._samples[1].at) / 2 >= window:
            self._samples.popleft()
        self._statuses = {module: self._status(module) for module in self._now.requests}

    def rate(self) -> float | None:
        """Users' requests per second in the recent part of the window; None before two totals.

        After an outage it is the rate before it for a while.
        """
        if self._now is None or len(self._samples) < 2:
            return self._last_rate
        then = self._recent_start()
        seconds = self._now.at - then.at
        modules = self._now.requests
        return sum(increase(modules, then.requests, it) for it in modules) / seconds if seconds > 0 else None

    def is_verdict_near(self) -> bool:
        """Whether a module gets a worse status soon, if its requests go on as between the last two totals."""
        return not self._is_recovering() and any(map(self._is_verdict_near, self._statuses))

    def may_trouble_have_begun(self) -> bool:
        """Whether far more requests to a module are bad than its window lets expect.

        Those that end after an outage prove nothing, so they are not worth a closer look.
        """
        return not self._is_recovering() and any(map(self._has_risen, self._statuses))

    def status(self, module: str) -> str:
        """The status by the module's requests in the window; `unknown` if they are too few."""
        return self._statuses.get(module, UNKNOWN)

    def _status(self, module: str) -> str:
        """Trouble begins with a request that failed or was slow, and ends after enough good ones.

        The window alone could report a past fault once it holds enough requests.
        """
        status = self._proven_status(module)
        if status in (HEALTHY, UNKNOWN):
            return status
        if self._status_since(self._recent_start(), module) == HEALTHY:
            return HEALTHY
        before = self._statuses.get(module, UNKNOWN)
        return status if before in (DEGRADED, DOWN) or self._is_module_newly_bad(module) else before

    def _proven_status(self, module: str) -> str:
        """The status by all requests of the window, as far as chance is ruled out."""
        now, then, limits = self._now, self._samples[0], self._settings
        if now is None:
            return UNKNOWN
        counts = self._counts(module, then, now)
        by_errors = significant_status(counts.requests, counts.failed, limits)
        if by_errors != HEALTHY or self._status_since(then, module) == HEALTHY:
            return by_errors
        return DEGRADED if is_significant(counts.slow, counts.requests, SLOW_SHARE, limits) else HEALTHY

    def _recent_start(self) -> TrafficSample:
        """The totals at the start of the recent part of the window."""
        began = self._samples[-1].at - self._settings.window / RECENT_PART
        return next(it for it in reversed(self._samples) if it.at <= began or it is self._samples[0])

    def _status_since(self, then: TrafficSample, module: str) -> str:
        """The status by the requests since then."""
        now, limits = self._now, self._settings
        if now is None:
            return UNKNOWN
        requests = increase(now.requests, then.requests, module)
        by_errors = status_from_error_ratio(requests, increase(now.errors, then.errors, module), limits)
        if by_errors != HEALTHY:
            return by_errors
        slow = quantile_of_increase(0.95, now.durations.get(module), then.durations.get(module))
        return DEGRADED if slow is not None and slow > limits.degraded_seconds else HEALTHY

    def _is_verdict_near(self, module: str) -> bool:
        """Judged by the window, and by its recent part, as rules with a shorter window judge."""
        now, before = self._now, self._before
        if now is None or before is None or now.at <= before.at:
            return False
        added = self._counts(module, before, now)
        if not added.failed and not added.slow:
            return False
        recent, whole = (self._counts(module, it, now) for it in (self._recent_start(), self._samples[0]))
        ahead = added.scaled(LOOK_AHEAD / (now.at - before.at))
        return any(self._severity(it.plus(ahead)) > self._severity(it) for it in (recent, whole))

    def _has_risen(self, module: str) -> bool:
        """Judged before anything is proven: after that it is no news."""
        if self._now is None or self._before is None:
            return False
        if self._severity(self._counts(module, self._recent_start(), self._now)):
            return False
        added = self._counts(module, self._before, self._now)
        return has_risen(added, self._counts(module, self._samples[0], self._before))

    def _severity(self, counts: RequestCounts) -> int:
        """0 to 2 by what these requests prove."""
        limits = self._settings
        status = significant_status(counts.requests, counts.failed, limits)
        if status in (DEGRADED, DOWN):
            return 2 if status == DOWN else 1
        return int(is_significant(counts.slow, counts.requests, SLOW_SHARE, limits))

    def _counts(self, module: str, then: TrafficSample, now: TrafficSample) -> RequestCounts:
        limit = self._settings.degraded_seconds
        return RequestCounts(
            increase(now.requests, then.requests, module),
            increase(now.errors, then.errors, module),
            max(slow_requests(now, module, limit) - slow_requests(then, module, limit), 0.0),
        )

    def _is_module_newly_bad(self, module: str) -> bool:
        """Whether a request to the module failed or was slow between the last two totals."""
        if self._now is None or self._before is None:
            return False
        added = self._counts(module, self._before, self._now)
        return added.failed > 0 or added.slow > 0


def has_risen(added: RequestCounts, earlier: RequestCounts) -> bool:
    """Whether far more of the requests just added are bad than the earlier ones let expect.

    Their trouble may have begun a moment ago: what it brings in a second cannot be told from them.
    """
    part = added.requests / earlier.requests if earlier.requests else 0.0
    kinds = ((added.failed, earlier.failed), (added.slow, earlier.slow))
    return any(now >= RISE_LEAST + RISE_FACTOR * part * then for now, then in kinds)


def slow_requests(snapshot: TrafficSample, module: str, limit: float) -> float:
    """How many requests to the module took longer than the limit, or than the next bound below it."""
    spread = snapshot.durations.get(module)
    if spread is None:
        return 0.0
    within = [count for bound, count in spread.buckets.items() if bound <= limit]
    return spread.count - (within[-1] if within else spread.count)


def increase(now: Mapping[str, float], then: Mapping[str, float], module: str) -> float:
    """The increase of a counter, which starts from 0 again when it falls."""
    before, after = then.get(module, 0.0), now.get(module, 0.0)
    return after - before if after >= before else after


def quantile_of_increase(share: float, now: HistogramData | None, then: HistogramData | None) -> float | None:
    """The quantile of what was added to a histogram, in its unit, the one largest left out; None without any.

    Interpolated inside a bucket as Prometheus' histogram_quantile does; beyond the last finite bound it is
    that bound, which then is the least that is certain.
    """
    if now is None:
        return None
    old = then.buckets if then is not None and then.count <= now.count else {}
    added = [(bound, count - old.get(bound, 0.0)) for bound, count in now.buckets.items()]
    if not added or added[-1][1] <= 0:
        return None
    rank = min(share * added[-1][1], max(added[-1][1] - SINGLE_FAILURE, 0.0))
    lower, below = 0.0, 0.0
    for bound, count in added:
        if count >= rank and count > below:
            return lower if bound == inf else lower + (bound - lower) * (rank - below) / (count - below)
        lower, below = bound, count
    return lower
