"""When a source is polled next: its interval, the backoff after failures, and what brings a poll forward."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from math import inf

from exporter.errors import RequestFailed, SourceError, SourceUnreachable
from exporter.footprint import MAX_CREDIT
from exporter.poll_policy import (
    ABSENT_RETRY_INTERVAL,
    CONFIRMATIONS,
    FAST_BACKOFF_BASE,
    FAST_BACKOFF_MAX,
    NOT_FOUND_STATUSES,
    UNAVAILABLE_STATUS,
    PollPolicy,
    SourceConstraints,
)

Clock = Callable[[], float]
# the share of its interval by which the next poll may come early, after one that waited for a scrape
MAX_LATENESS = 0.5
SPARED = MAX_CREDIT / 2  # seconds of a source's time that are kept for clear signs of trouble


class PollSchedule:
    """The times of one source's polls; moments of the steady clock (clock.py), in seconds."""

    def __init__(self, query: str, policy: PollPolicy, constraints: SourceConstraints, clock: Clock) -> None:
        self.query = query
        self.policy = policy
        self.constraints = constraints
        self.failures = self.timeouts = 0
        self.error: SourceError | None = None
        self.succeeded_at: float | None = None
        self.requested_at: float | None = None
        self.result_requested_at: float | None = None  # when the result was requested that is held
        self.failed_at: float | None = None
        self.absent = False
        self._clock = clock
        self._backoff_until = 0.0
        self._fast_until: dict[float, float] = {}  # by the seconds of the source's time that are kept
        self._refresh_at = inf
        self._late = 0.0  # seconds that the last poll was later than due, as it waited for a scrape
        self._changed, self._succeeded = asyncio.Event(), asyncio.Event()

    def poll_faster(self, seconds: float) -> None:
        """Poll at the shortest interval for this long: something looks wrong."""
        before, now = self._fast_until.get(0.0, 0.0), self._clock()
        self._fast_until[0.0] = max(before, now + seconds)
        if before <= now:
            self._changed.set()

    def follow_hint(self, seconds: float, spared: float = SPARED) -> None:
        """Poll at the shortest interval for this long, while more than `spared` seconds are saved.

        A hint may last as long as the load of users: half of the savings is kept for clear signs of trouble.
        """
        self._fast_until[spared] = max(self._fast_until.get(spared, 0.0), self._clock() + seconds)
        self._changed.set()

    def request_refresh(self) -> None:
        """Poll soon, since the last result is of an earlier state; never within the minimum gap.

        Where the source's budget has stretched the interval, that is the minimum gap.
        """
        gap = max(self.policy.min_refresh_gap, self._stretched_interval())
        self._refresh_at = min(self._refresh_at, (self.requested_at or 0.0) + gap)
        self._changed.set()

    def verify_soon(self, seconds: float) -> None:
        """Poll once after so many seconds, also where the budget has stretched the interval.

        The last result must be verified before it counts, and a page waits for that.
        """
        self._refresh_at = min(self._refresh_at, self._clock() + seconds)
        self._changed.set()

    def seconds_to_refresh(self) -> float:
        """Seconds until the poll that was requested, infinite where none was."""
        return self._refresh_at - self._clock()

    def pause(self, seconds: float) -> None:
        """Do not poll for this long."""
        self._backoff_until = max(self._backoff_until, self._clock() + seconds)

    def retry_soon(self) -> None:
        """Poll soon what failed or was absent: the source has come back, and may be another one by now."""
        if self.error is not None:
            self.absent, self.failures, self._backoff_until = False, 0, 0.0
            self._changed.set()

    def next_due(self) -> float:
        """When the next poll is due."""
        due = (self.succeeded_at or 0.0) + self.interval() - self._late
        return max(self._backoff_until, min(due, self._refresh_at))

    def is_backing_off(self) -> bool:
        """Whether the source is left alone for now."""
        return self._clock() < self._backoff_until

    def age(self) -> float:
        """Seconds since the last result, infinite without one."""
        return inf if self.succeeded_at is None else self._clock() - self.succeeded_at

    def seconds_since_request(self) -> float:
        """Seconds since the last poll began, infinite before the first."""
        return inf if self.requested_at is None else self._clock() - self.requested_at

    def max_age(self) -> float:
        """Seconds after which a result of the background is stale: two of the intervals in force."""
        return 2 * self.interval() + self.policy.timeout

    async def wait_until_due(self) -> None:
        """Wait until the next poll is due, or until something brings it forward."""
        while (left := self.next_due() - self._clock()) > 0:
            self._changed.clear()
            try:
                async with asyncio.timeout(None if left == inf else left):
                    await self._changed.wait()
            except TimeoutError:
                return

    async def wait_for_success(self, seconds: float) -> None:
        """Wait until a poll gives a result, for so long at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._succeeded.wait()

    def interval(self) -> float:
        """Seconds between two polls, as the policy wants them or as the source's budget allows."""
        policy, footprint, now = self.policy, self.constraints.footprint, self._clock()
        wishes = [spared for spared, until in self._fast_until.items() if now < until]
        fast = policy.min_interval if wishes and policy.relaxed_interval is not None else None
        if footprint is None:
            return policy.base_interval if fast is None else fast
        return footprint.interval(self.query, policy.base_interval, fast, min(wishes, default=0.0))

    def record_request(self) -> None:
        """A poll begins; it serves every request for a refresh so far."""
        now = self._clock()
        if self.policy.interval is None and self.succeeded_at is not None:
            # scrapes come at their own times: what is late now comes early next, and the mean interval holds
            self._late = min(max(now - self.next_due(), 0.0), MAX_LATENESS * self.interval())
        self.requested_at, self._refresh_at = now, inf

    def record_success(self) -> None:
        """A poll gave a result."""
        self.succeeded_at, self.result_requested_at = self._clock(), self.requested_at
        self.error, self.failures, self.timeouts = None, 0, 0
        self._backoff_until, self.absent = 0.0, False
        # whoever waits waits for the next one only
        self._succeeded.set()
        self._succeeded = asyncio.Event()

    def record_failure(self, error: SourceError) -> None:
        """A poll failed: back off."""
        self.error = error
        self.failures += 1
        self.failed_at = self._clock()
        self.absent = self._is_absent(error)
        self._backoff_until = self.failed_at + self._backoff(error)

    def excuses_timeout(self) -> bool:
        """Count a time-out; whether it is no failure, since the source is known to be busy elsewhere."""
        self.timeouts += 1
        if not self.constraints.holds_last_result() or self.timeouts >= CONFIRMATIONS:
            return False
        self.pause(FAST_BACKOFF_BASE * 2.0**self.timeouts)
        return True

    def _stretched_interval(self) -> float:
        """The interval to which the source's budget has stretched that of the policy, else 0."""
        base, footprint = self.policy.base_interval, self.constraints.footprint
        interval = base if footprint is None else footprint.interval(self.query, base)
        return interval if interval > base else 0.0

    def _backoff(self, error: SourceError) -> float:
        """Seconds for which the source is left alone."""
        if self.absent:
            return ABSENT_RETRY_INTERVAL
        factor = 2.0 ** min(self.failures, 30)
        if isinstance(error, SourceUnreachable):
            return min(FAST_BACKOFF_BASE * factor, FAST_BACKOFF_MAX)
        backoff = min(self.policy.backoff_base * factor, self.policy.max_backoff)
        # a failure costs the source as much as a success, and a time-out costs it most
        return max(backoff, min(self._stretched_interval(), self.policy.max_cost_backoff))

    def _is_absent(self, error: SourceError) -> bool:
        """Whether the response means that the route does not exist; a 503 only if it gave no other."""
        if not self.policy.may_be_absent or not isinstance(error, RequestFailed):
            return False
        if error.status == UNAVAILABLE_STATUS:
            return self.succeeded_at is None and self.failures >= CONFIRMATIONS
        return error.status in NOT_FOUND_STATUSES
